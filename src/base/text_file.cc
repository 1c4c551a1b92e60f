#include "base/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/text.h"

namespace sluice {

namespace {
std::string why() { return std::generic_category().message(errno); }
}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail("could not open " + path + ": " + why());
  std::string text;
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::read(file, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const std::string reason = why();
      ::close(file);
      return fail("could not read " + path + ": " + reason);
    }
    if (n == 0) break;
    text.append(chunk, static_cast<std::size_t>(n));
    if (text.size() > max_bytes) {
      ::close(file);
      return fail(path + " is larger than " + human_bytes(max_bytes));
    }
  }
  ::close(file);
  return text;
}

Result<std::string> read_token_file(const std::string& path) {
  constexpr std::string_view kSpace = " \t\r\n";
  Result<std::string> text = read_text_file(path, 64 << 10);
  if (!text) return text;
  const std::size_t first = text->find_first_not_of(kSpace);
  if (first == std::string::npos) return fail(path + " is empty");
  return text->substr(first, text->find_last_not_of(kSpace) + 1 - first);
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

}  // namespace sluice
