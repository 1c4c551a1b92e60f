#include "cli/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace sluice::cli {
namespace {

tl::unexpected<Error> not_written(const std::string& path, int error) {
  return fail(fmt::format("{} cannot be written: {}. Check the path and its permissions.", path,
                          std::generic_category().message(error)));
}

tl::unexpected<Error> is_there(const std::string& path) {
  return fail(fmt::format("{} is there already. Give another name, or --force to replace it.", path));
}

// 0, or errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

Result<void> write_private_file(const std::string& path, std::string_view text, Existing existing) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  const bool is_special = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  if (is_special) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return not_written(path, errno);
    const int error = write_all(descriptor, text);
    ::close(descriptor);
    return error == 0 ? Result<void>() : not_written(path, error);
  }
  if (existing == Existing::keep && std::filesystem::exists(status)) return is_there(path);
  const std::string target =
      std::filesystem::exists(status) ? std::filesystem::canonical(path, ignored).string() : path;
  std::string beside = target + ".XXXXXX";
  const int descriptor = ::mkostemp(beside.data(), O_CLOEXEC);  // mode 0600
  if (descriptor < 0) return not_written(path, errno);
  int error = write_all(descriptor, text);
  if (error == 0 && ::fsync(descriptor) != 0) error = errno;
  ::close(descriptor);
  // A link is refused where another put a file since; a rename replaces it.
  if (error == 0 && (existing == Existing::keep ? ::link(beside.c_str(), target.c_str())
                                                : ::rename(beside.c_str(), target.c_str())) != 0)
    error = errno;
  if (error != 0 || existing == Existing::keep) ::unlink(beside.c_str());
  if (error == EEXIST) return is_there(path);
  return error == 0 ? Result<void>() : not_written(path, error);
}

}  // namespace sluice::cli
