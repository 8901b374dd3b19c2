#define _GNU_SOURCE
#include "CSpawn.h"

int rg_spawn_closes_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int rg_spawn_changes_folder(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

short rg_spawn_session_flag(void) {
    return POSIX_SPAWN_SETSID;
}
