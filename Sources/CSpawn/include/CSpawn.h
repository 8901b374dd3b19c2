// What glibc's spawn.h has beyond POSIX, which Swift does not see because it reads the header without _GNU_SOURCE.
#ifndef ROLLGUARD_CSPAWN_H
#define ROLLGUARD_CSPAWN_H

#include <spawn.h>

// The program gets no descriptor of this process but its standard streams: one that holds a listening socket would keep the
// address after this process has ended.
int rg_spawn_closes_from(posix_spawn_file_actions_t *actions, int first);

int rg_spawn_changes_folder(posix_spawn_file_actions_t *actions, const char *path);

// The flag of a session of its own.
short rg_spawn_session_flag(void);

#endif
