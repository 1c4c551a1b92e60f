// Writes an object's bytes to its spool file: compressed, hashed, in pieces. What the disk refuses stays in memory and
// is written again later; it does not grow, for nothing more is put in until it is written. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aws/sha256.h"
#include "destinations/s3/compression.h"
#include "storage/file_system.h"

namespace sluice::s3 {

// Written at once: few system calls, little memory.
inline constexpr std::size_t kSpoolPieceBytes = 256u << 10;

class ObjectWriter {
 public:
  ObjectWriter(std::unique_ptr<storage::File> file, Compression compression)
      : file_(std::move(file)), compressor_(compression) {}

  // Never fails: write() says whether the disk has it.
  void append(std::string_view record);
  // Writes what is ready, if it is a piece. Again later after an error.
  storage::FileResult<void> write();
  // Ends the stream and writes all of it; without sync. Again later after an error.
  storage::FileResult<void> write_all();
  storage::FileResult<void> sync() { return file_->sync_data(); }

  // Whether a piece is ready that the disk does not have yet.
  bool is_due() const { return pending_.size() >= kSpoolPieceBytes; }
  std::uint64_t size_bytes() const { return written_; }
  // Of all that was written; once, after write_all().
  std::string take_sha256_hex() { return sha256_.finish_hex(); }

 private:
  storage::FileResult<void> write_pending();

  std::unique_ptr<storage::File> file_;
  framing::StreamCompressor compressor_;
  aws::Sha256 sha256_;
  std::string pending_;
  std::uint64_t written_ = 0;
  bool finished_ = false;
};

}  // namespace sluice::s3
