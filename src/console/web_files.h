// The files of the web console, of the API's document and of its viewer, embedded in the binary by tools/embed. Any
// thread; they live for ever.
#pragma once

#include <span>
#include <string_view>

namespace sluice::console {

struct WebFile {
  std::string_view path;  // "/console/assets/index-1a2b.js"; an index.html stands at its folder, "/console/"
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::string_view plain, gzip;
};

// Empty when the console was not built: see tools/console.
std::span<const WebFile> web_files();

// What is at a path of the admin port. A page of the console ("/console/flags/web/production", no dot in its last part)
// is the console itself. Null: nothing.
const WebFile* find_web_file(std::string_view path);

}  // namespace sluice::console
