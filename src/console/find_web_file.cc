#include <algorithm>

#include "console/web_files.h"

namespace sluice::console {

const WebFile* find_web_file(std::string_view path) {
  const auto at = [](std::string_view wanted) -> const WebFile* {
    const auto files = web_files();
    const auto found = std::find_if(files.begin(), files.end(), [&](const WebFile& f) { return f.path == wanted; });
    return found == files.end() ? nullptr : &*found;
  };
  constexpr std::string_view kConsole = "/console/";
  const WebFile* file = at(path);
  if (file != nullptr || !path.starts_with(kConsole)) return file;
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last.find('.') == std::string_view::npos ? at(kConsole) : nullptr;
}

}  // namespace sluice::console
