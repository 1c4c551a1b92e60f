// How an object's lines are compressed, and what the object is called for it.
#pragma once

#include <optional>
#include <string_view>

#include "framing/stream_compressor.h"

namespace sluice::s3 {

using Compression = framing::StreamCompressor::Format;

constexpr std::string_view extension_of(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return ".ndjson.gz";
    case Compression::zstd:
      return ".ndjson.zst";
    case Compression::none:
      break;
  }
  return ".ndjson";
}

// No Content-Encoding: clients that see one decompress on the way, and the name would no longer fit.
constexpr std::string_view content_type_of(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return "application/gzip";
    case Compression::zstd:
      return "application/zstd";
    case Compression::none:
      break;
  }
  return "application/x-ndjson";
}

// Nothing: a type that Sluice gives no object.
constexpr std::optional<Compression> compression_of_type(std::string_view content_type) {
  for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd})
    if (content_type == content_type_of(compression)) return compression;
  return std::nullopt;
}

}  // namespace sluice::s3
