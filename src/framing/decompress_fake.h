// Reads for tests what the compressors write.
#pragma once

#include <string>
#include <string_view>

#include "framing/stream_compressor.h"

namespace sluice::framing {

// All of a stream, which must be one whole member or frame; "(not whole)" for anything else.
std::string decompressed(std::string_view bytes, StreamCompressor::Format format);

}  // namespace sluice::framing
