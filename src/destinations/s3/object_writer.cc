#include "destinations/s3/object_writer.h"

namespace sluice::s3 {

void ObjectWriter::append(std::string_view record) { compressor_.write(record, pending_); }

storage::FileResult<void> ObjectWriter::write() { return is_due() ? write_pending() : storage::FileResult<void>{}; }

storage::FileResult<void> ObjectWriter::write_all() {
  if (!finished_) {
    compressor_.finish(pending_);
    finished_ = true;
  }
  return write_pending();
}

storage::FileResult<void> ObjectWriter::write_pending() {
  if (pending_.empty()) return {};
  if (auto written = file_->write_at(written_, pending_); !written) return written;
  sha256_.update(pending_);
  written_ += pending_.size();
  pending_.clear();
  if (pending_.capacity() > 4 * kSpoolPieceBytes) pending_.shrink_to_fit();  // it was one huge event
  return {};
}

}  // namespace sluice::s3
