#include "destinations/s3/spool.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "destinations/s3/spool_files.h"
#include "storage/whole_file.h"

namespace sluice::s3 {
namespace {

void add_alone(exporting::HeldAlone& to, const exporting::HeldAlone& more) {
  to.waiting += more.waiting;
  to.delivered += more.delivered;
  to.delivered_bytes += more.delivered_bytes;
  to.of_other_selection += more.of_other_selection;
}

}  // namespace

storage::FileResult<std::unique_ptr<Spool>> Spool::open(storage::FileSystem& files, std::string folder,
                                                        SpoolOptions options, EventPlace cursor) {
  if (auto made = files.make_directory(folder); !made) return tl::unexpected(made.error());
  std::unique_ptr<Spool> spool(new Spool(files, std::move(folder), std::move(options)));
  spool->reached_ = spool->opened_at_ = cursor;
  if (auto recovered = spool->recover(); !recovered) return tl::unexpected(recovered.error());
  return spool;
}

Spool::~Spool() = default;

storage::FileResult<void> Spool::remove_if_there(const std::string& path) {
  auto removed = files_.remove(path);
  if (!removed && removed.error().fault != storage::FileFault::not_found) return removed;
  return {};
}

storage::FileResult<void> Spool::recover() {
  auto names = files_.list(folder_);
  if (!names) return tl::unexpected(names.error());
  std::sort(names->begin(), names->end());
  std::set<std::uint64_t> objects, manifests;
  for (const std::string& name : *names) {
    const auto parts = spool_name(name);
    if (!parts) continue;
    const auto [number, kind] = *parts;
    next_number_ = std::max(next_number_, number + 1);
    if (kind == kObjectSuffix) objects.insert(number);
    if (kind == kHalfManifestSuffix)
      if (auto removed = remove_if_there(folder_ + "/" + name); !removed) return removed;
    if (kind == kManifestSuffix) {
      manifests.insert(number);
      if (auto read = recover_manifest(name, number); !read) return read;
    }
  }
  for (const std::uint64_t number : manifests) objects.erase(number);
  if (auto removed = recover_objects(objects); !removed) return removed;
  // A process that was killed may have left a manifest's name in memory alone: it must stay once its object is
  // uploaded.
  return files_.sync_directory(folder_);
}

// Those without a manifest. The one that was being written has the highest number; another was sealed.
storage::FileResult<void> Spool::recover_objects(const std::set<std::uint64_t>& numbers) {
  for (const std::uint64_t number : numbers) {
    if (number + 1 < next_number_)
      recovery_.damaged.push_back(fmt::format("{}: its manifest is missing", spool_object_path(folder_, number)));
    if (auto removed = remove_if_there(spool_object_path(folder_, number)); !removed) return removed;
    ++recovery_.discarded;
  }
  return {};
}

storage::FileResult<void> Spool::recover_manifest(const std::string& name, std::uint64_t number) {
  const auto text = storage::read_whole(files_, folder_ + "/" + name);
  if (!text) return tl::unexpected(text.error());
  auto manifest = parse_manifest(text->value_or(""));
  if (!manifest) return set_aside(number, manifest.error().message);
  const auto next = sealed_.lower_bound(manifest->first);
  const bool overlaps = (next != sealed_.end() && next->first <= manifest->last) ||
                        (next != sealed_.begin() && std::prev(next)->second.object.manifest.last >= manifest->first);
  if (overlaps) return set_aside(number, "its places overlap those of another manifest");

  Sealed sealed{.object = {number, spool_object_path(folder_, number), std::move(*manifest)}};
  std::uint64_t size = 0;
  auto file = files_.open(sealed.object.path, false);
  if (!file && file.error().fault != storage::FileFault::not_found) return tl::unexpected(file.error());
  if (file) {
    const auto known = (*file)->size();
    if (!known) return tl::unexpected(known.error());
    size = *known;
  }
  if (file && size == sealed.object.manifest.size_bytes) {
    ++recovery_.sealed;
    sealed.is_compared = opened_at_ <= sealed.object.manifest.first;
    sealed.same_selection = !options_.selection.empty() && sealed.object.manifest.selection == options_.selection;
    if (sealed.is_compared) compared_to_ = std::max(compared_to_, sealed.object.manifest.last);
  } else {
    if (opened_at_ <= sealed.object.manifest.last) ++recovery_.lost;  // else it was being removed
    sealed.state = State::lost;
    if (auto removed = remove_if_there(sealed.object.path); !removed) return removed;
  }
  const EventPlace first = sealed.object.manifest.first;
  sealed_.emplace(first, std::move(sealed));
  return {};
}

storage::FileResult<void> Spool::set_aside(std::uint64_t number, const std::string& why) {
  recovery_.damaged.push_back(fmt::format("{}: {}", spool_manifest_path(folder_, number), why));
  for (const std::string& path : {spool_manifest_path(folder_, number), spool_object_path(folder_, number)}) {
    auto renamed = files_.rename(path, path + std::string(kDamagedSuffix));
    if (!renamed && renamed.error().fault != storage::FileFault::not_found) return renamed;
  }
  return {};
}

// Events

// What still takes room although all its events were put in. A file from before a restart does not count until the
// pipeline comes to its end: its events must be put in before it can go. And not at all, if it is behind the cursor.
std::size_t Spool::passed_and_kept() const {
  return static_cast<std::size_t>(std::count_if(sealed_.begin(), sealed_.end(), [&](const auto& each) {
    const EventPlace& last = each.second.object.manifest.last;
    return each.second.state != State::lost && opened_at_ <= last && last < reached_;
  }));
}

bool Spool::has_room() const {
  const bool disk_is_behind = open_ && (open_->sealing || open_->writer.is_due());
  return !must_restart_ && !held_ && !disk_is_behind && passed_and_kept() < kMaxSealed;
}

void Spool::put(const SpoolEvent& event, std::int64_t now_us) {
  SLUICE_CHECK(has_room(), "the owner asks before it puts an event in");
  now_us_ = now_us;
  if (place_event(event))
    problem_.reset();
  else if (!must_restart_)
    held_ = HeldEvent{event.place, event.received_ms, event.ticket, std::string(event.record)};
}

Spool::Sealed* Spool::holder_of(const EventPlace& place) {
  auto after = sealed_.upper_bound(place);
  if (after == sealed_.begin()) return nullptr;
  Sealed& before = std::prev(after)->second;
  return before.object.manifest.holds(place) ? &before : nullptr;
}

Spool::Sealed* Spool::find(std::uint64_t number) {
  for (auto& [first, sealed] : sealed_)
    if (sealed.object.number == number) return &sealed;
  return nullptr;
}

// False: not yet, the disk refuses something; or must_restart().
bool Spool::place_event(const SpoolEvent& event) {
  Sealed* holder = holder_of(event.place);
  if (open_ && (open_->sealing || ends_before(event, holder)) && !seal()) return false;
  holder = holder_of(event.place);  // sealing moved them
  reached_ = {event.place.entry, event.place.event + 1};
  if (holder != nullptr && holder->state != State::lost) {
    const SpooledEvent spooled{event.ticket, static_cast<std::uint32_t>(event.record.size())};
    ++holder->read_again;
    holder->read_again_bytes += spooled.bytes;
    (holder->state == State::uploaded ? finished_ : holder->events).push_back(spooled);
    return true;
  }
  if (!open_ && !begin(event, holder)) return false;
  return append(event);
}

bool Spool::ends_before(const SpoolEvent& event, const Sealed* holder) const {
  if (open_->rebuilds) return !open_->rebuilds->holds(event.place);
  const auto next = sealed_.upper_bound(open_->first);
  const bool crosses = next != sealed_.end() && next->first < event.place;
  return holder != nullptr || crosses ||
         rolls_before(open_->facts, event.record.size(), event.received_ms, options_.roll);
}

bool Spool::begin(const SpoolEvent& event, const Sealed* lost) {
  const std::uint64_t number = lost != nullptr ? lost->object.number : next_number_;
  if (auto removed = remove_if_there(spool_object_path(folder_, number)); !removed) {
    note(removed.error());
    return false;
  }
  auto file = files_.open(spool_object_path(folder_, number), true);
  if (!file && file.error().fault == storage::FileFault::not_found && files_.make_directory(folder_))
    file = files_.open(spool_object_path(folder_, number), true);  // somebody removed the folder
  if (!file) {
    note(file.error());
    return false;
  }
  if (lost == nullptr) ++next_number_;
  // A rebuilt object keeps its key, and with it the extension that tells how it is compressed.
  const Compression compression =
      lost == nullptr ? options_.compression
                      : compression_of_type(lost->object.manifest.content_type).value_or(options_.compression);
  const ObjectFacts facts{.hour = hour_of(event.received_ms), .begun_us = now_us_};
  open_.emplace(OpenObject{.number = number,
                           .path = spool_object_path(folder_, number),
                           .writer = ObjectWriter(std::move(*file), compression),
                           .facts = facts,
                           .first = event.place,
                           .last = event.place,
                           .received_ms = event.received_ms,
                           .rebuilds = std::nullopt,
                           .sealed_as = std::nullopt,
                           .events = {}});
  if (lost != nullptr) open_->rebuilds = lost->object.manifest;
  return true;
}

// The event is in memory in any case; what the disk refuses is written again by step().
bool Spool::append(const SpoolEvent& event) {
  OpenObject& open = *open_;
  open.writer.append(event.record);
  open.facts.bytes += event.record.size();
  ++open.facts.events;
  open.last = event.place;
  open.events.push_back({event.ticket, static_cast<std::uint32_t>(event.record.size())});
  if (open.writer.is_due() && !open.rebuilds && disk_is_short()) {
    seal();
    return true;
  }
  if (auto written = open.writer.write(); !written) note(written.error());
  return true;
}

bool Spool::disk_is_short() const {
  const auto free = files_.free_bytes(folder_);
  return free && *free < kSpoolPieceBytes + kEndBytes;
}

void Spool::passed(const EventPlace& place, std::int64_t now_us) {
  now_us_ = now_us;
  if (must_restart_ || held_) return;
  if (open_ && open_->rebuilds && open_->rebuilds->last < place) seal();
  reached_ = std::max(reached_, place);
}

// Sealing

Manifest Spool::manifest_of(OpenObject& open) const {
  Manifest out;
  if (open.rebuilds) {
    out = *open.rebuilds;
    out.earlier_sha256_hex.push_back(out.sha256_hex);
  } else {
    out.first = open.first;
    out.last = open.last;
    out.key = options_.name(open.received_ms, open.first, open.last).key;
    out.content_type = content_type_of(options_.compression);
  }
  out.settings_revision = options_.name(open.received_ms, out.first, out.last).settings_revision;
  out.selection = options_.selection;
  out.size_bytes = open.writer.size_bytes();
  out.sha256_hex = open.writer.take_sha256_hex();
  out.events = open.facts.events;
  out.uncompressed_bytes = open.facts.bytes;
  out.sealed_ms = options_.wall_ms();
  std::erase(out.earlier_sha256_hex, out.sha256_hex);
  return out;
}

// False: not yet, or must_restart(). Each step may be made again.
bool Spool::seal() {
  OpenObject& open = *open_;
  open.sealing = true;
  if (!open.sealed_as) {
    if (auto written = open.writer.write_all(); !written) {
      note(written.error());
      return false;
    }
    if (auto synced = open.writer.sync(); !synced) {
      // The system may take pages for clean that are not on disk: the file is worth nothing.
      restart(synced.error().message);
      return false;
    }
    open.sealed_as = manifest_of(open);
  }
  auto done = files_.sync_directory(folder_);
  if (done)
    done = storage::replace_whole(files_, spool_manifest_path(folder_, open.number), manifest_text(*open.sealed_as));
  if (!done) {
    // Somebody removed the folder, and with it the file.
    if (done.error().fault == storage::FileFault::not_found)
      restart(done.error().message);
    else
      note(done.error());
    return false;
  }
  if (open.rebuilds) compare_rebuilt(*open.rebuilds, open.sealed_as->events, open.sealed_as->uncompressed_bytes);
  Sealed sealed{.object = {open.number, open.path, std::move(*open.sealed_as)}};
  sealed.verified = true;
  sealed.events = std::move(open.events);
  const EventPlace first = sealed.object.manifest.first;
  sealed_.insert_or_assign(first, std::move(sealed));
  open_.reset();
  return true;
}

void Spool::seal_now(std::int64_t now_us) {
  now_us_ = now_us;
  if (open_ && !open_->rebuilds && !must_restart_ && seal()) problem_.reset();
}

std::int64_t Spool::step(std::int64_t now_us) {
  now_us_ = now_us;
  if (must_restart_) return INT64_MAX;
  if (problem_ && now_us < retry_us_) return retry_us_;
  problem_.reset();
  if (open_ && open_->writer.is_due())
    if (auto written = open_->writer.write(); !written) note(written.error());
  const bool due = open_ && (open_->sealing || (!open_->rebuilds && is_old(open_->facts, now_us, options_.roll)));
  if (!problem_ && due) seal();
  if (!problem_ && !must_restart_ && held_) {
    const SpoolEvent event{held_->place, held_->received_ms, held_->ticket, held_->record};
    if (place_event(event)) held_.reset();
  }
  if (must_restart_) return INT64_MAX;
  if (problem_) return retry_us_;
  return open_ && !open_->rebuilds ? open_->facts.begun_us + options_.roll.age_us : INT64_MAX;
}

void Spool::note(const storage::FileError& error) {
  problem_ = SpoolProblem{error.fault == storage::FileFault::no_space, error.message};
  retry_us_ = now_us_ + kSpoolRetryUs;
}

void Spool::restart(std::string message, bool lost_object) {
  problem_ = SpoolProblem{false, std::move(message), lost_object};
  must_restart_ = true;
}

// Uploads

const SealedObject* Spool::next_upload() {
  if (must_restart_) return nullptr;
  for (auto& [first, sealed] : sealed_) {
    if (sealed.state != State::waiting) continue;
    if (!sealed.verified) {
      const auto whole = is_whole(files_, sealed.object.path, sealed.object.manifest);
      if (!whole || !*whole) {
        lose(sealed, whole ? "its bytes are not those that were sealed" : whole.error().message);
        if (must_restart_) return nullptr;
        continue;
      }
      sealed.verified = true;
    }
    sealed.state = State::uploading;
    return &sealed.object;
  }
  return nullptr;
}

// Its events are read again: by the pipeline, if it is not there yet; else from the cursor on.
void Spool::lose(Sealed& sealed, const std::string& why) {
  ++recovery_.lost;
  sealed.is_compared = false;
  if (auto removed = remove_if_there(sealed.object.path); !removed) note(removed.error());
  if (sealed.events.empty() && reached_ <= sealed.object.manifest.first)
    sealed.state = State::lost;
  else
    restart(fmt::format("{}: {}", sealed.object.path, why), true);
}

bool Spool::check(std::uint64_t number) {
  Sealed* sealed = find(number);
  SLUICE_CHECK(sealed != nullptr, "an object that is uploaded is kept");
  const auto whole = is_whole(files_, sealed->object.path, sealed->object.manifest);
  if (whole && *whole) return true;
  lose(*sealed, whole ? "its bytes are not those that were sealed" : whole.error().message);
  return false;
}

void Spool::uploaded(std::uint64_t number) {
  Sealed* sealed = find(number);
  SLUICE_CHECK(sealed != nullptr, "an object that is uploaded is kept");
  sealed->state = State::uploaded;
  finished_.insert(finished_.end(), sealed->events.begin(), sealed->events.end());
  sealed->events.clear();
  sealed->events.shrink_to_fit();
  alone_uploaded_ = alone_uploaded_ || alone_in(*sealed).delivered > 0;
  remove_delivered();
}

void Spool::give_back(std::uint64_t number) {
  if (Sealed* sealed = find(number); sealed != nullptr && sealed->state == State::uploading)
    sealed->state = State::waiting;
}

storage::FileResult<void> Spool::rename_object(std::uint64_t number, std::string key) {
  Sealed* sealed = find(number);
  SLUICE_CHECK(sealed != nullptr && sealed->state != State::uploaded, "an object that waits for its upload");
  Manifest renamed = sealed->object.manifest;
  renamed.key = std::move(key);
  if (auto written = storage::replace_whole(files_, spool_manifest_path(folder_, number), manifest_text(renamed));
      !written)
    return written;
  sealed->object.manifest = std::move(renamed);
  return {};
}

void Spool::take_finished(std::vector<SpooledEvent>& finished) {
  finished.insert(finished.end(), finished_.begin(), finished_.end());
  finished_.clear();
}

void Spool::cursor_saved(const EventPlace& place) {
  saved_cursor_ = place;
  remove_delivered();
}

void Spool::remove_delivered() {
  for (auto at = sealed_.begin(); at != sealed_.end() && at->second.object.manifest.last < saved_cursor_;) {
    const bool rebuilding = open_ && open_->number == at->second.object.number;
    const bool may_go = at->second.state == State::uploaded || (at->second.state == State::lost && !rebuilding);
    const bool gone = may_go && remove_files(at->second.object);
    if (gone) add_alone(alone_and_removed_, alone_in(at->second));
    if (gone && at->second.state == State::lost) compare_rebuilt(at->second.object.manifest, 0, 0);
    at = gone ? sealed_.erase(at) : std::next(at);
  }
}

// Events that the journal lost

void Spool::skipped(const EventPlace& place) {
  if (compared_to_ < place) return;
  if (Sealed* holder = holder_of(place); holder != nullptr && !holder->same_selection) ++holder->read_again;
}

exporting::HeldAlone Spool::alone_in(const Sealed& sealed) const {
  const Manifest& manifest = sealed.object.manifest;
  if (!sealed.is_compared || manifest.events <= sealed.read_again) return {};
  const std::uint64_t events = manifest.events - sealed.read_again;
  const std::uint64_t of_other_selection = sealed.same_selection ? 0 : events;
  if (sealed.state != State::uploaded) return {.waiting = events, .of_other_selection = of_other_selection};
  return {
      .delivered = events,
      .delivered_bytes = manifest.uncompressed_bytes - std::min(manifest.uncompressed_bytes, sealed.read_again_bytes),
      .of_other_selection = of_other_selection};
}

exporting::HeldAlone Spool::take_held_alone(const EventPlace& before) {
  exporting::HeldAlone all = alone_and_removed_;
  std::vector<Sealed*> told;
  for (auto& [first, sealed] : sealed_) {
    if (!sealed.is_compared || before <= sealed.object.manifest.last) continue;
    add_alone(all, alone_in(sealed));
    told.push_back(&sealed);
  }
  if (all.waiting > 0)
    return {.waiting = all.waiting, .uploaded = all.delivered, .of_other_selection = all.of_other_selection};
  for (Sealed* sealed : told) sealed->is_compared = false;
  alone_and_removed_ = {};
  return all;
}

bool Spool::may_hold_alone(const EventPlace& from, const EventPlace& to) const {
  if (alone_and_removed_.waiting + alone_and_removed_.delivered > 0) return true;
  return std::ranges::any_of(sealed_, [&](const auto& each) {
    const Manifest& manifest = each.second.object.manifest;
    return each.second.is_compared && manifest.first < to && from <= manifest.last;
  });
}

// The manifest last: so an object without one is not what a killed process left. Tried again with the next cursor.
bool Spool::remove_files(const SealedObject& object) {
  return remove_if_there(object.path) && remove_if_there(spool_manifest_path(folder_, object.number));
}

// A cursor that was among its events shows that it is in the bucket, as it was at first.
void Spool::compare_rebuilt(const Manifest& before, std::uint64_t events, std::uint64_t uncompressed_bytes) {
  const bool same = events == before.events && uncompressed_bytes == before.uncompressed_bytes;
  if (!same && opened_at_ <= before.first) rebuilt_.push_back({before.key, before.events, events});
}

void Spool::take_rebuilt(std::vector<RebuiltObject>& rebuilt) {
  rebuilt.insert(rebuilt.end(), rebuilt_.begin(), rebuilt_.end());
  rebuilt_.clear();
}

std::uint64_t Spool::disk_bytes() const {
  std::uint64_t bytes = open_ ? open_->writer.size_bytes() : 0;
  for (const auto& [first, sealed] : sealed_)
    if (sealed.state != State::lost) bytes += sealed.object.manifest.size_bytes;
  return bytes;
}

}  // namespace sluice::s3
