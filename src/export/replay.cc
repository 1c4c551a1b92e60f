#include "export/replay.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "journal/cursor_store.h"
#include "storage/whole_file.h"

namespace sluice::exporting {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kStateNames = {"running", "done", "cancelled"};

}  // namespace

std::string_view replay_state_name(ReplayState state) { return kStateNames[static_cast<std::size_t>(state)]; }

Result<void> ReplayFiles::begin(ObjectId destination, const Replay& replay, journal::Position from) {
  const auto failed = [](const std::string& why) { return fail("The replay cannot be begun: " + why + "."); };
  if (const auto made = files_.make_directory(directory_); !made) return failed(made.error().message);
  (void)files_.remove(directory_ + "/" + destination.hex() + ".cursor");  // of an earlier one
  auto cursor_file = journal::CursorFile::open(directory_, destination, files_);
  if (!cursor_file) return failed(cursor_file.error().message);
  journal::Cursor cursor;
  cursor.position = from;
  if (const auto saved = (*cursor_file)->save(cursor); !saved) return failed(saved.error().message);
  const json text = {{"from", replay.range.from_ms},
                     {"to", replay.range.to_ms},
                     {"end", replay.range.end.value},
                     {"started", replay.range.started_ms},
                     {"bytes", replay.bytes}};
  if (const auto written = storage::replace_whole(files_, path_of(destination), text.dump()); !written)
    return failed(written.error().message);
  return {};
}

Result<std::optional<Replay>> ReplayFiles::find(ObjectId destination) const {
  const auto text = storage::read_whole(files_, path_of(destination));
  if (!text) return fail(text.error().message);
  if (!*text) return std::nullopt;
  const json read = json::parse(**text, nullptr, false);
  const auto number = [&](const char* name) {
    const auto found = read.is_object() ? read.find(name) : read.end();
    return found != read.end() && found->is_number_integer() ? std::optional(*found) : std::nullopt;
  };
  const auto from = number("from"), to = number("to"), end = number("end"), started = number("started"),
             bytes = number("bytes");
  if (!from || !to || !end || !started || !bytes) {
    log_warn("replay.unreadable", {{"path", path_of(destination)}, {"reason", "not a replay"}});
    return std::nullopt;
  }
  Replay replay;
  replay.range = {from->get<std::int64_t>(), to->get<std::int64_t>(), {end->get<std::uint64_t>()}};
  replay.range.started_ms = started->get<std::int64_t>();
  replay.bytes = bytes->get<std::uint64_t>();
  return replay;
}

void ReplayFiles::remove(ObjectId destination) {
  // The description first: a cursor alone is nothing.
  const auto removed = files_.remove(path_of(destination));
  (void)files_.remove(directory_ + "/" + destination.hex() + ".cursor");
  if (!removed && removed.error().fault == storage::FileFault::not_found) return;
  const auto gone = removed ? files_.sync_directory(directory_) : removed;
  if (!gone)
    log_warn("replay.not_removed",
             {{"file", path_of(destination)},
              {"reason", gone.error().message},
              {"message", "A replay that is over may resume at the next start. Cancel it then."}});
}

}  // namespace sluice::exporting
