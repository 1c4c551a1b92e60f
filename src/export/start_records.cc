#include "export/start_records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "storage/whole_file.h"

namespace sluice::exporting {

bool StartRecords::exists(ObjectId destination) const {
  const auto file = files_.open(path_of(destination), false);
  return file || file.error().fault != storage::FileFault::not_found;
}

Result<void> StartRecords::write(ObjectId destination, std::string_view name, std::int64_t now_ms) {
  const std::string path = path_of(destination);
  if (exists(destination) && (name.empty() || name_in_start_record(files_, path) == name)) return {};
  const auto failed = [&](const storage::FileError& error) {
    return fail(
        fmt::format("That destination {} has begun cannot be written down: {}. Free space on the data "
                    "directory's disk, or fix its permissions.",
                    destination.hex(), error.message));
  };
  if (const auto made = files_.make_directory(directory_); !made) return failed(made.error());
  const nlohmann::ordered_json text = {{"name", std::string(name)}, {"began", iso_time_ms(now_ms)}};
  const std::string bytes = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (const auto written = storage::replace_whole(files_, path, bytes); !written) return failed(written.error());
  return {};
}

// It may have none.
void StartRecords::remove(ObjectId destination) { (void)files_.remove(path_of(destination)); }

std::string name_in_start_record(storage::FileSystem& files, const std::string& path) {
  const auto text = storage::read_whole(files, path);
  if (!text || !*text) return {};
  const nlohmann::json read = nlohmann::json::parse(**text, nullptr, false);
  const auto name = read.is_object() ? read.find("name") : read.end();
  return name != read.end() && name->is_string() ? name->get<std::string>() : std::string();
}

}  // namespace sluice::exporting
