#include "export/set_aside.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "export/start_records.h"
#include "journal/cursor_store.h"
#include "storage/whole_file.h"

namespace sluice::exporting {
namespace {

std::optional<ObjectId> owner_of(std::string_view name) {
  if (name.size() <= ObjectId::kHexDigits) return std::nullopt;
  const char next = name[ObjectId::kHexDigits];
  if (next != '.' && next != '-') return std::nullopt;
  return ObjectId::parse(name.substr(0, ObjectId::kHexDigits));
}

std::string set_aside_holder(ObjectId destination) { return destination.hex() + "-set-aside"; }

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool is_there(storage::FileSystem& files, const std::string& path) {
  const auto file = files.open(path, false);
  return file || file.error().fault != storage::FileFault::not_found;
}

void set_who(SetAsideDestination& note, const StartedAs& was) {
  note.name = was.name;
  note.kind = was.kind;
  note.environment = was.environment;
  note.wants_payloads = was.wants_payloads;
}

}  // namespace

std::map<ObjectId, std::vector<std::string>> SetAside::found_in(const std::string& directory) const {
  std::map<ObjectId, std::vector<std::string>> found;
  for (const std::string_view folder : kDestinationFolders) {
    const auto names = files_.list(fmt::format("{}/{}", directory, folder));
    if (!names) continue;  // none yet
    for (const std::string& name : *names)
      if (const auto id = owner_of(name)) found[*id].push_back(fmt::format("{}/{}", folder, name));
  }
  return found;
}

// A name that is taken there stays, and this one gets another: nothing is overwritten.
Result<void> SetAside::move(const std::vector<std::string>& names, const std::string& from, const std::string& to) {
  std::set<std::string> changed;
  const auto failed = [](const storage::FileError& error) { return fail(error.message); };
  for (const std::string& name : names) {
    const std::string source = from + "/" + name;
    std::string target = to + "/" + name;
    if (const auto made = files_.make_directory(parent_of(target)); !made) return failed(made.error());
    if (is_there(files_, target)) target += fmt::format(".{}", clock_.wall_ms());
    if (const auto moved = files_.rename(source, target); !moved) return failed(moved.error());
    changed.insert(parent_of(source));
    changed.insert(parent_of(target));
  }
  for (const std::string& directory : changed)
    if (const auto synced = files_.sync_directory(directory); !synced) return failed(synced.error());
  return {};
}

SetAsideDestination SetAside::noted(ObjectId destination) {
  SetAsideDestination note;
  note.id = destination;
  const auto text = storage::read_whole(files_, note_path(destination));
  const nlohmann::json read = text && *text ? nlohmann::json::parse(**text, nullptr, false)
                                            : nlohmann::json(nlohmann::json::value_t::discarded);
  if (!read.is_object()) return note;
  if (const auto name = read.find("name"); name != read.end() && name->is_string()) note.name = *name;
  if (const auto since = read.find("since_ms"); since != read.end() && since->is_number_integer())
    note.since_ms = *since;
  if (const auto kind = read.find("kind"); kind != read.end() && kind->is_string()) note.kind = *kind;
  if (const auto environment = read.find("environment"); environment != read.end() && environment->is_string())
    note.environment = ObjectId::parse(environment->get_ref<const std::string&>());
  if (const auto payloads = read.find("payloads"); payloads != read.end() && payloads->is_boolean())
    note.wants_payloads = *payloads;
  return note;
}

Result<void> SetAside::put_locked(ObjectId destination, const std::vector<std::string>& names) {
  SetAsideDestination note = noted(destination);
  if (note.since_ms == 0) {
    note.since_ms = clock_.wall_ms();
    set_who(note, StartRecords(files_, data_directory_).read(destination));
    nlohmann::ordered_json text = {{"name", note.name},
                                   {"since", iso_time_ms(note.since_ms)},
                                   {"since_ms", note.since_ms},
                                   {"kind", note.kind},
                                   {"payloads", note.wants_payloads}};
    if (note.environment) text["environment"] = note.environment->hex();
    if (const auto made = files_.make_directory(root()); !made) return fail(made.error().message);
    const std::string bytes = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (const auto written = storage::replace_whole(files_, note_path(destination), bytes); !written)
      return fail(written.error().message);
  }
  if (auto moved = move(names, data_directory_, root()); !moved) return moved;
  log_warn("destination.set_aside",
           {{"destination", destination.hex()},
            {"name", note.name},
            {"folder", root()},
            {"message",
             "The catalog does not have this destination. Its cursor and dead letters are set aside, not deleted, and "
             "come back with the destination: check --config, or restore the catalog that has it."}});
  aside_.insert_or_assign(destination, note);
  hold_locked(destination);
  return {};
}

// Its cursor may lie in either place.
void SetAside::hold_locked(ObjectId destination) {
  SetAsideDestination& note = aside_[destination];
  note.id = destination;
  std::optional<journal::Position> needed;
  for (const std::string& directory : {root() + "/cursors", data_directory_ + "/cursors"}) {
    const auto cursor = journal::CursorFile::open_existing(directory, destination, files_);
    if (cursor && !*cursor) continue;
    if (cursor && (*cursor)->loaded() && (*cursor)->loaded()->unit == journal::CursorUnit::payloads)
      note.wants_payloads = true;  // its record is of a version that did not write it
    // One that cannot be read may need anything.
    const bool known = cursor && (*cursor)->loaded() && (*cursor)->make_durable();
    needed = known ? (*cursor)->loaded()->position : journal_.oldest();
    break;
  }
  if (!needed) return;
  note.kept_until_ms = note.since_ms + journal_.retention_ms();
  if (clock_.wall_ms() >= note.kept_until_ms) return;
  held_.insert(destination);
  journal_.hold_unless_full(set_aside_holder(destination), *needed);
}

std::set<ObjectId> SetAside::noted_in_root() const {
  std::set<ObjectId> noted;
  const auto names = files_.list(root());
  if (!names) return noted;  // none yet
  for (const std::string& name : *names)
    if (const auto id = owner_of(name)) noted.insert(*id);
  return noted;
}

void SetAside::begin(const catalog::CatalogSnapshot& snapshot) {
  std::set<ObjectId> known;
  for (const catalog::Destination& destination : snapshot.destinations()) known.insert(destination.id);
  const std::lock_guard lock(mutex_);
  const auto aside = found_in(root()), in_place = found_in(data_directory_);
  for (const ObjectId id : noted_in_root()) {
    if (aside.contains(id)) continue;
    // Its files are back, and what it missed is perhaps not told yet; or there is nothing of it any more.
    if (known.contains(id))
      aside_.insert_or_assign(id, noted(id));
    else if (!in_place.contains(id))
      (void)files_.remove(note_path(id));
  }
  for (const auto& [id, names] : aside) {
    aside_.insert_or_assign(id, noted(id));
    if (aside_[id].since_ms == 0) aside_[id].since_ms = clock_.wall_ms();
    if (!known.contains(id)) hold_locked(id);
  }
  for (const auto& [id, names] : in_place)
    if (!known.contains(id)) put_or_refuse_locked(id, names);
  tell_wanted_payloads_locked();
}

void SetAside::will_be_put(const catalog::Destination& destination) {
  if (!destination.wants_originals) return;
  const std::lock_guard lock(mutex_);
  leaving_.insert_or_assign(destination.id, destination.environment_id);
  tell_wanted_payloads_locked();
}

void SetAside::put(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  const auto all = found_in(data_directory_);
  if (const auto found = all.find(destination); found != all.end()) put_or_refuse_locked(destination, found->second);
  leaving_.erase(destination);
  tell_wanted_payloads_locked();
}

void SetAside::put_or_refuse_locked(ObjectId destination, const std::vector<std::string>& names) {
  const auto put = put_locked(destination, names);
  if (put) return;
  log_warn("destination.not_set_aside", {{"destination", destination.hex()}, {"reason", put.error().message}});
  refused_.insert(destination);
  SetAsideDestination& note = aside_[destination];
  set_who(note, StartRecords(files_, data_directory_).read(destination));
  note.since_ms = clock_.wall_ms();
  hold_locked(destination);
}

// For as long as what its cursor needs is kept.
void SetAside::tell_wanted_payloads_locked() {
  const std::int64_t now_ms = clock_.wall_ms();
  std::set<ObjectId> wanted;
  for (auto& [id, aside] : aside_) {
    aside.keeps_payloads = aside.wants_payloads && aside.environment && now_ms < aside.kept_until_ms;
    if (aside.keeps_payloads) wanted.insert(*aside.environment);
  }
  for (const auto& [id, environment] : leaving_) wanted.insert(environment);
  if (wanted == kept_payloads_ || !keep_payloads_) return;
  kept_payloads_ = wanted;
  keep_payloads_(std::move(wanted));
}

std::map<ObjectId, Error> SetAside::take_back(const std::vector<catalog::Destination>& destinations,
                                              const CameBack& came_back) {
  std::map<ObjectId, Error> failed;
  const std::lock_guard lock(mutex_);
  if (aside_.empty() && leaving_.empty()) return failed;
  const auto all = found_in(root());
  for (const catalog::Destination& destination : destinations) {
    leaving_.erase(destination.id);
    const auto aside = aside_.find(destination.id);
    if (aside == aside_.end()) continue;
    if (const auto names = all.find(destination.id); names != all.end()) {
      if (auto moved = move(names->second, root(), data_directory_); !moved) {
        failed.emplace(destination.id,
                       Error{fmt::format("What was set aside of the destination cannot be brought back from {}: {}.",
                                         root(), moved.error().message)});
        continue;
      }
      log_info("destination.taken_back", {{"destination", destination.name}, {"id", destination.id.hex()}});
    }
    if (came_back)
      if (auto told = came_back(destination); !told) {
        failed.emplace(destination.id, told.error());
        continue;
      }
    (void)files_.remove(note_path(destination.id));
    refused_.erase(destination.id);
    aside_.erase(aside);
  }
  tell_wanted_payloads_locked();
  return failed;
}

bool SetAside::has_place_of(ObjectId destination) const {
  const std::lock_guard lock(mutex_);
  return aside_.contains(destination) &&
         is_there(files_, fmt::format("{}/cursors/{}.cursor", root(), destination.hex()));
}

void SetAside::has_its_place(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  if (held_.erase(destination) > 0) journal_.drop_hold(set_aside_holder(destination));
}

void SetAside::sample() {
  const std::lock_guard lock(mutex_);
  if (!refused_.empty()) {
    const auto all = found_in(data_directory_);
    for (auto at = refused_.begin(); at != refused_.end();) {
      const auto names = all.find(*at);
      const bool done = names == all.end() || put_locked(*at, names->second).has_value();
      at = done ? refused_.erase(at) : std::next(at);
    }
  }
  const std::int64_t now_ms = clock_.wall_ms();
  for (auto at = held_.begin(); at != held_.end();) {
    const auto aside = aside_.find(*at);
    if (aside == aside_.end() || now_ms < aside->second.kept_until_ms) {
      ++at;
      continue;
    }
    journal_.drop_hold(set_aside_holder(*at));
    at = held_.erase(at);
  }
  tell_wanted_payloads_locked();
}

std::set<ObjectId> SetAside::forget(const std::set<ObjectId>& destinations) {
  const std::lock_guard lock(mutex_);
  std::set<ObjectId> left;
  std::set<std::string> changed;
  const auto remove = [&](ObjectId owner, const std::string& path) {
    changed.insert(parent_of(path));
    const auto removed = files_.remove(path);
    if (removed || removed.error().fault == storage::FileFault::not_found) return;
    log_warn("destination.file_not_removed", {{"file", path}, {"reason", removed.error().message}});
    left.insert(owner);
  };
  for (const std::string& directory : {data_directory_, root()})
    for (const auto& [id, names] : found_in(directory))
      if (destinations.contains(id))
        for (const std::string& name : names) remove(id, directory + "/" + name);
  const auto notes = files_.list(root());
  for (const std::string& name : notes ? *notes : std::vector<std::string>())
    if (const auto id = owner_of(name); id && destinations.contains(*id)) remove(*id, root() + "/" + name);
  for (const std::string& directory : changed)
    if (const auto synced = files_.sync_directory(directory); !synced) left = destinations;
  for (const ObjectId id : destinations) {
    if (held_.erase(id) > 0) journal_.drop_hold(set_aside_holder(id));
    refused_.erase(id);
    leaving_.erase(id);
    aside_.erase(id);
  }
  tell_wanted_payloads_locked();
  return left;
}

std::vector<SetAsideDestination> SetAside::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<SetAsideDestination> list;
  list.reserve(aside_.size());
  for (const auto& [id, aside] : aside_) list.push_back(aside);
  return list;
}

Result<bool> holds_destinations(storage::FileSystem& files, const std::string& data_directory) {
  for (const std::string_view folder : kDestinationFolders) {
    const auto names = files.list(fmt::format("{}/{}", data_directory, folder));
    if (!names && names.error().fault == storage::FileFault::not_found) continue;
    if (!names) return fail(storage::explained(names.error(), data_directory));
    for (const std::string& name : *names)
      if (owner_of(name)) return true;
  }
  return false;
}

}  // namespace sluice::exporting
