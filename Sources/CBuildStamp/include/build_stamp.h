#ifndef ROLLGUARD_BUILD_STAMP_H
#define ROLLGUARD_BUILD_STAMP_H

/// The commit that the program was built from, abbreviated; "" in builds other than those of `make dist`.
const char *rollguard_build_commit(void);

/// The UTC date of that commit, YYYY-MM-DD; "" where the commit is.
const char *rollguard_build_date(void);

#endif
