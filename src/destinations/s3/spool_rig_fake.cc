#include "destinations/s3/spool_rig_fake.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/sha256.h"
#include "base/check.h"
#include "base/random.h"
#include "destinations/s3/object_key.h"
#include "destinations/s3/spool_body.h"
#include "framing/decompress_fake.h"
#include "storage/whole_file.h"

namespace sluice::s3 {
namespace {

constexpr const char* kCursorPath = "/data/cursors/d.cursor";
constexpr std::int64_t kStartMs = 1'795'766'400'000 - 20'000;  // 20 s before an hour ends
constexpr int kMostTurns = 20'000;

const KeyTemplate& key_template() {
  static const KeyTemplate parsed =
      *KeyTemplate::parse(kDefaultKeyTemplate, {"flags", "default", "production", "d", "node-1"});
  return parsed;
}

Compression compression_of(const std::string& key) {
  for (const Compression compression : {Compression::gzip, Compression::zstd})
    if (key.ends_with(extension_of(compression))) return compression;
  return Compression::none;
}

}  // namespace

ObjectAnswer BucketFake::put(const std::string& key, std::string bytes, const std::string& sha256_hex,
                             bool conditional) {
  ObjectAnswer answer;
  answer.status = 200;
  if (aws::sha256_hex(bytes) != sha256_hex) {
    answer.status = 400;
    answer.code = "XAmzContentSHA256Mismatch";
  } else if (conditional && objects_.contains(key)) {
    answer.status = 412;
    answer.code = "PreconditionFailed";
  } else {
    objects_[key] = {std::move(bytes), sha256_hex};
    answer.sha256_hex = sha256_hex;
  }
  return answer;
}

ObjectAnswer BucketFake::head(const std::string& key) const {
  ObjectAnswer answer;
  const auto found = objects_.find(key);
  answer.status = found == objects_.end() ? 404 : 200;
  if (found != objects_.end()) answer.sha256_hex = found->second.sha256_hex;
  return answer;
}

std::vector<RigEvent> rig_events(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<RigEvent> out;
  std::uint64_t position = 0x6b03dfc000001000;
  std::int64_t received_ms = kStartMs;
  while (out.size() < count) {
    const auto events = static_cast<std::uint32_t>(1 + random.below(3));
    received_ms += static_cast<std::int64_t>(random.below(1500));
    const std::int64_t stamped = random.below(10) == 0 ? received_ms - 800 : received_ms;
    for (std::uint32_t event = 0; event < events && out.size() < count; ++event)
      out.push_back(
          {{{position}, event}, stamped, fmt::format("{{\"id\":{},\"fill\":\"{:x}\"}}\n", out.size(), random.next())});
    position += 64 * (1 + random.below(4));
  }
  return out;
}

SpoolRig::SpoolRig(storage::FakeFileSystem& files, BucketFake& bucket, const std::vector<RigEvent>& events,
                   RigSettings settings)
    : files_(files), bucket_(bucket), events_(events), settings_(std::move(settings)) {
  SLUICE_CHECK(files_.make_directory("/data/cursors"), "the fake makes folders");
  open();
}

EventPlace SpoolRig::place_at(std::size_t index) const {
  if (index < events_.size()) return events_[index].place;
  return {{events_.back().place.entry.value + 1}, 0};
}

void SpoolRig::open() {
  const auto saved = storage::read_whole(files_, kCursorPath);
  SLUICE_CHECK(saved, "the cursor can be read");
  cursor_ = *saved ? std::stoul(**saved) : 0;
  next_ = cursor_;
  done_.assign(events_.size(), false);
  SpoolOptions options;
  options.roll = settings_.roll;
  options.compression = settings_.compression;
  options.selection = settings_.selection;
  options.wall_ms = [] { return kStartMs; };
  options.name = [this](std::int64_t received_ms, const EventPlace& first, const EventPlace& last) {
    return ObjectName{key_template().key("", received_ms, first, last, settings_.compression), settings_.revision};
  };
  auto opened = Spool::open(files_, kFolder, std::move(options), place_at(cursor_));
  SLUICE_CHECK(opened, "the folder can be read");
  spool_ = std::move(*opened);
  if (storage::replace_whole(files_, kCursorPath, std::to_string(cursor_))) spool_->cursor_saved(place_at(cursor_));
}

void SpoolRig::put_events() {
  for (std::size_t i = 0; i < settings_.puts_at_once && next_ < events_.size() && spool_->has_room(); ++i) {
    const RigEvent& event = events_[next_];
    if (settings_.wanted(event))
      spool_->put({event.place, event.received_ms, next_, event.record}, now_us_);
    else
      done_[next_] = true;
    ++next_;
    if (spool_->must_restart()) return;
  }
  spool_->passed(place_at(next_), now_us_);
}

void SpoolRig::upload_one() {
  const SealedObject* object = spool_->next_upload();
  if (object == nullptr) return;
  Upload upload(true);
  for (;;) {
    ObjectAnswer answer;
    if (upload.next() == Upload::Call::put) {
      const auto body = SpoolBody::open(files_, object->path, object->manifest.size_bytes);
      std::string bytes(object->manifest.size_bytes, '\0');
      if (body && (*body)->read(0, bytes.data(), bytes.size())) {
        if (around_put_) around_put_();
        answer = bucket_.put(object->manifest.key, std::move(bytes), object->manifest.sha256_hex, true);
        if (around_put_) around_put_();
      } else {
        answer.fault = http_client::TransportFault::body;
      }
    } else {
      answer = bucket_.head(object->manifest.key);
    }
    switch (upload.take(answer, object->manifest)) {
      case Upload::Outcome::call:
        continue;
      case Upload::Outcome::done:
        return spool_->uploaded(object->number);
      case Upload::Outcome::conflict:
        conflicts_.push_back(object->manifest.key);
        return spool_->give_back(object->number);
      case Upload::Outcome::failed:
        // A body that could not be read, or other bytes than were sealed.
        if (spool_->check(object->number)) spool_->give_back(object->number);
        return;
    }
  }
}

void SpoolRig::settle() {
  std::vector<SpooledEvent> finished;
  spool_->take_finished(finished);
  for (const SpooledEvent& event : finished) {
    SLUICE_CHECK(!done_[event.ticket], "an event is finished once");
    done_[event.ticket] = true;
  }
  const std::size_t before = cursor_;
  while (cursor_ < next_ && done_[cursor_]) ++cursor_;
  if (cursor_ == before) return;
  if (storage::replace_whole(files_, kCursorPath, std::to_string(cursor_)))
    spool_->cursor_saved(place_at(cursor_));
  else
    cursor_ = before;
}

void SpoolRig::turn(bool puts, bool uploads) {
  now_us_ += 100'000;
  if (puts) put_events();
  if (next_ == events_.size()) spool_->seal_now(now_us_);
  spool_->step(now_us_);
  if (uploads) upload_one();
  settle();
  if (spool_->must_restart()) {
    ++restarts_;
    open();
  }
}

bool SpoolRig::run() {
  for (int i = 0; i < kMostTurns && !at_end(); ++i) turn();
  return at_end();
}

std::map<std::string, int> lines_in(const BucketFake& bucket) {
  std::map<std::string, int> out;
  for (const auto& [key, object] : bucket.objects()) {
    const std::string lines = framing::decompressed(object.bytes, compression_of(key));
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size() - 1) + 1;
      ++out[lines.substr(at, end - at)];
      at = end;
    }
  }
  return out;
}

std::string fault_of_delivery(const BucketFake& bucket, const std::vector<RigEvent>& events,
                              const std::function<bool(const RigEvent&)>& wanted) {
  auto lines = lines_in(bucket);
  for (const RigEvent& event : events) {
    const auto found = lines.find(event.record);
    const int times = found == lines.end() ? 0 : found->second;
    if (times != 0) lines.erase(found);
    if (times > 1) return fmt::format("{} times: {}", times, event.record);
    if (times == 0 && wanted(event)) return "missing: " + event.record;
  }
  return lines.empty() ? "" : "not an event: " + lines.begin()->first;
}

}  // namespace sluice::s3
