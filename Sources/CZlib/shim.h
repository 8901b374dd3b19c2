// zlib's decompression for Swift. `inflateInit2` is a macro, which Swift cannot import.
#ifndef ROLLGUARD_CZLIB_SHIM_H
#define ROLLGUARD_CZLIB_SHIM_H

#include <zlib.h>

static inline int rg_inflate_start(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
