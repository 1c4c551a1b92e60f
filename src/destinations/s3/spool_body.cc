#include "destinations/s3/spool_body.h"

#include <fmt/format.h>

namespace sluice::s3 {

storage::FileResult<std::shared_ptr<const SpoolBody>> SpoolBody::open(storage::FileSystem& files,
                                                                      const std::string& path, std::uint64_t size) {
  auto file = files.open(path, false);
  if (!file) return tl::unexpected(file.error());
  return std::shared_ptr<const SpoolBody>(new SpoolBody(std::move(*file), path, size));
}

Result<void> SpoolBody::read(std::uint64_t offset, char* out, std::size_t size) const {
  const auto read = file_->read_at(offset, out, size);
  if (!read) return fail(read.error().message);
  if (*read != size) return fail(fmt::format("{} is shorter than its manifest says", path_));
  return {};
}

}  // namespace sluice::s3
