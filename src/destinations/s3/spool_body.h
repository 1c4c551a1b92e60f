// A sealed spool file as the body of a request: read while it is sent.
#pragma once

#include <memory>
#include <string>

#include "http_client/http_transport.h"
#include "storage/file_system.h"

namespace sluice::s3 {

class SpoolBody final : public http_client::HttpBody {
 public:
  // Of a file with `size` bytes.
  static storage::FileResult<std::shared_ptr<const SpoolBody>> open(storage::FileSystem& files, const std::string& path,
                                                                    std::uint64_t size);
  std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t offset, char* out, std::size_t size) const override;

 private:
  SpoolBody(std::unique_ptr<storage::File> file, std::string path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}
  const std::unique_ptr<storage::File> file_;
  const std::string path_;
  const std::uint64_t size_;
};

}  // namespace sluice::s3
