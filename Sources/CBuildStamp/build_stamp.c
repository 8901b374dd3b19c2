#include "build_stamp.h"

// Package.swift defines both from the environment. They are in a target of their own, so that another commit compiles
// this file alone.
#ifndef ROLLGUARD_COMMIT
#define ROLLGUARD_COMMIT ""
#endif
#ifndef ROLLGUARD_DATE
#define ROLLGUARD_DATE ""
#endif

const char *rollguard_build_commit(void) { return ROLLGUARD_COMMIT; }

const char *rollguard_build_date(void) { return ROLLGUARD_DATE; }
