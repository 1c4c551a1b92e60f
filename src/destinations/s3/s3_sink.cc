#include "destinations/s3/s3_sink.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "destinations/s3/spool_body.h"

namespace sluice::s3 {

S3Sink::S3Sink(std::string destination_name, storage::FileSystem& files, const Clock& clock,
               std::unique_ptr<Uploader> uploader, S3SinkOptions options)
    : name_(std::move(destination_name)),
      files_(files),
      clock_(clock),
      options_(std::move(options)),
      uploader_(std::move(uploader)) {}

S3Sink::~S3Sink() = default;

std::string S3Sink::key_for(std::int64_t received_ms, const EventPlace& first, const EventPlace& last,
                            Compression compression) const {
  return options_.keys.key(options_.key_kind, received_ms, first, last, compression);
}

// The spool

void S3Sink::begin(const EventPlace& cursor) {
  if (spool_) report_rebuilt();
  uploader_->forget_all();
  uploading_.clear();
  spool_.reset();
  events_inside_ = 0;
  saved_.reset();
  begun_at_ = cursor;
  begun_ = true;
  open_spool(clock_.steady_us());
}

void S3Sink::open_spool(std::int64_t now_us) {
  SpoolOptions spool;
  spool.roll = options_.roll;
  spool.compression = options_.compression;
  spool.selection = options_.selection;
  spool.wall_ms = [this] { return clock_.wall_ms(); };
  spool.name = [this](std::int64_t received_ms, const EventPlace& first, const EventPlace& last) {
    return ObjectName{key_for(received_ms, first, last, options_.compression), options_.settings_revision};
  };
  auto opened = Spool::open(files_, options_.folder, std::move(spool), begun_at_);
  if (!opened) {
    open_problem_ = SpoolProblem{opened.error().fault == storage::FileFault::no_space, opened.error().message};
    open_again_us_ = now_us + kSpoolRetryUs;
    return;
  }
  open_problem_.reset();
  spool_ = std::move(*opened);
  report_recovery();
  if (saved_) spool_->cursor_saved(*saved_);
}

void S3Sink::report_recovery() {
  const SpoolRecovery& found = spool_->recovery();
  for (const std::string& damaged : found.damaged)
    log_error("s3.spool_damaged",
              {{"destination", name_}, {"file", damaged}, {"message", "Its events are read from the journal again."}});
  damaged_files_ += found.damaged.size();
  if (!found.damaged.empty())
    uploader_->problems().note(note_of_damage(damaged_files_, found.damaged.back()), clock_.wall_ms());
  if (found.sealed + found.discarded + found.lost > 0)
    log_info("s3.spool_opened",
             {{"destination", name_}, {"sealed", found.sealed}, {"discarded", found.discarded}, {"lost", found.lost}});
}

void S3Sink::report_rebuilt() {
  rebuilt_.clear();
  spool_->take_rebuilt(rebuilt_);
  for (const RebuiltObject& object : rebuilt_) {
    log_warn("s3.spool_rebuilt_differently", {{"destination", name_},
                                              {"key", object.key},
                                              {"sealed_events", object.sealed_events},
                                              {"events", object.events}});
    ++rebuilt_counts_.objects;
    rebuilt_counts_.sealed_events += object.sealed_events;
    rebuilt_counts_.events += object.events;
    uploader_->problems().note(note_of_rebuilt(rebuilt_counts_, object.key), clock_.wall_ms());
  }
}

void S3Sink::cursor_saved(const EventPlace& cursor) {
  saved_ = cursor;
  if (spool_ && !spool_->must_restart()) spool_->cursor_saved(cursor);
}

void S3Sink::passed(const EventPlace& place) {
  if (spool_ && !spool_->must_restart()) spool_->passed(place, clock_.steady_us());
}

// Until the folder is read, nobody knows what it holds.
std::optional<exporting::HeldAlone> S3Sink::take_held_alone(const EventPlace& before) {
  if (!spool_ || spool_->must_restart()) return std::nullopt;
  return spool_->take_held_alone(before);
}

void S3Sink::put(exporting::OutboundEvent event) {
  record_.clear();
  event.entry->envelope.append(record_, event.slot);
  ++events_inside_;
  spool_->put({event.place(), event.entry->view.received_ms(), event.ticket, record_}, clock_.steady_us());
}

// Uploads

void S3Sink::take_ended(std::int64_t now_us) {
  ended_.clear();
  uploader_->take_answers(now_us, ended_);
  for (const EndedUpload& ended : ended_) take_ended(ended);
}

void S3Sink::take_ended(const EndedUpload& ended) {
  const auto found = uploading_.find(ended.number);
  if (found == uploading_.end() || spool_->must_restart()) return;
  if (ended.how != EndedUpload::How::done) return give_back(ended);
  const Manifest& manifest = found->second.manifest;
  ++shown_.objects;
  shown_.last_key = manifest.key;
  shown_.last_bytes = manifest.size_bytes;
  shown_.last_events = manifest.events;
  shown_.last_ms = clock_.wall_ms();
  uploading_.erase(found);
  spool_->uploaded(ended.number);
}

// An object that was sealed under another prefix, which the settings do not allow any more, gets a key under this one;
// and one under whose key something else lies gets the next.
void S3Sink::give_back(const EndedUpload& ended) {
  const SealedObject object = std::move(uploading_.at(ended.number));
  uploading_.erase(ended.number);
  if (ended.how == EndedUpload::How::doubtful && !spool_->check(ended.number)) return;
  const bool elsewhere = !options_.prefix.empty() && !object.manifest.key.starts_with(options_.prefix + "/");
  const auto compression = compression_of_type(object.manifest.content_type);
  if (ended.how == EndedUpload::How::denied && elsewhere && compression) {
    const std::string key =
        key_for(object.manifest.sealed_ms, object.manifest.first, object.manifest.last, *compression);
    if (const auto renamed = spool_->rename_object(ended.number, key); renamed)
      log_info("s3.object_renamed", {{"destination", name_}, {"from", object.manifest.key}, {"to", key}});
  }
  if (const auto next = next_key(object.manifest.key); ended.how == EndedUpload::How::taken && next)
    if (const auto renamed = spool_->rename_object(ended.number, *next); renamed) {
      log_warn("s3.object_exists", {{"destination", name_}, {"key", object.manifest.key}, {"stored_as", *next}});
      uploader_->problems().note(note_of_taken_key(++taken_keys_, object.manifest.key, *next, options_.bucket),
                                 clock_.wall_ms());
    }
  spool_->give_back(ended.number);
}

// True: something waits for its turn.
bool S3Sink::begin_uploads(std::int64_t now_us) {
  // Asked in any case: who cannot upload is told before the first object is full.
  bool may_begin = uploader_->may_begin(now_us);
  for (; !spool_->must_restart() && spool_->sealed() > uploading_.size(); may_begin = uploader_->may_begin(now_us)) {
    if (!may_begin) return true;
    const SealedObject* object = spool_->next_upload();
    if (object == nullptr) return false;
    auto body = SpoolBody::open(files_, object->path, object->manifest.size_bytes);
    if (!body) {
      if (spool_->check(object->number)) spool_->give_back(object->number);
      return true;
    }
    uploading_.emplace(object->number, *object);
    uploader_->begin(object->number, object->manifest, std::move(*body), now_us);
  }
  return false;
}

std::int64_t S3Sink::step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  if (!begun_) return INT64_MAX;
  if (!spool_ && !stopped_ && now_us >= open_again_us_) open_spool(now_us);
  if (!spool_) {
    report_spool();
    return stopped_ ? INT64_MAX : open_again_us_;
  }
  const bool had_room = spool_->has_room();
  take_ended(now_us);
  std::int64_t due_us = INT64_MAX;
  if (!stopped_) {
    if (std::exchange(flush_asked_, false)) spool_->seal_now(now_us);
    due_us = spool_->step(now_us);
    const bool waiting = begin_uploads(now_us);
    due_us = std::min(due_us, uploader_->step(now_us, waiting));
  }
  report_spool();
  report_rebuilt();
  if (spool_->must_restart()) return INT64_MAX;
  spooled_.clear();
  spool_->take_finished(spooled_);
  events_inside_ -= spooled_.size();
  for (const SpooledEvent& event : spooled_) finished.push_back({event.ticket, true, event.bytes});
  // Nothing else tells the pipeline that it may read on.
  const bool alone_uploaded = spool_->take_alone_uploaded();
  if ((!had_room && has_room()) || alone_uploaded) return now_us;
  return due_us;
}

void S3Sink::report_spool() {
  const std::optional<SpoolProblem>& problem = spool_ ? spool_->problem() : open_problem_;
  if (!problem)
    uploader_->problems().clear(destinations::Trouble::storage);
  else
    uploader_->problems().set(destinations::Trouble::storage,
                              problem->lost_object ? problem_of_unreadable(problem->message)
                                                   : problem_of_spool(problem->no_space, problem->message),
                              clock_.wall_ms());
}

exporting::SinkStats S3Sink::stats() const {
  exporting::SinkStats stats;
  uploader_->call_stats().fill(stats);
  stats.calls_in_flight = uploader_->in_flight();
  stats.events_inside = events_inside_;
  auto details = std::make_shared<S3Details>();
  details->objects = shown_.objects;
  details->last_key = shown_.last_key;
  details->last_bytes = shown_.last_bytes;
  details->last_events = shown_.last_events;
  details->last_ms = shown_.last_ms;
  if (spool_) {
    details->spool_bytes = stats.bytes_inside = spool_->disk_bytes();
    details->sealed_objects = spool_->sealed();
    details->open_events = spool_->open_events();
  }
  stats.details = std::move(details);
  return stats;
}

}  // namespace sluice::s3
