// The sink that delivers events to a bucket as objects, each event in exactly one: the spool collects them on disk, the
// uploader brings sealed objects into the bucket. docs/s3-spool-format.md says why nothing is lost or doubled.
//
//   put() ─▶ Spool ──sealed──▶ Uploader ──done──▶ Spool ─▶ finished
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "destinations/s3/object_key.h"
#include "destinations/s3/s3_details.h"
#include "destinations/s3/spool.h"
#include "destinations/s3/uploader.h"
#include "export/limits.h"
#include "export/sink.h"

namespace sluice::s3 {

struct S3SinkOptions {
  std::string folder;  // of the spool: this sink's alone
  KeyTemplate keys;
  std::string key_kind;  // behind the prefix: "" or "replay=…"
  std::string bucket, prefix;
  std::string settings_revision;
  std::string selection = {};  // SpoolOptions'
  RollLimits roll;
  Compression compression = Compression::gzip;
};

class S3Sink final : public exporting::Sink {
 public:
  S3Sink(std::string destination_name, storage::FileSystem& files, const Clock& clock,
         std::unique_ptr<Uploader> uploader, S3SinkOptions options);
  ~S3Sink() override;

  void begin(const EventPlace& cursor) override;
  bool must_restart() const override { return spool_ && spool_->must_restart(); }
  void cursor_saved(const EventPlace& cursor) override;
  void passed(const EventPlace& place) override;
  void skipped(const EventPlace& place) override {
    if (spool_) spool_->skipped(place);
  }
  std::optional<exporting::HeldAlone> take_held_alone(const EventPlace& before) override;
  bool may_hold_alone(const EventPlace& from, const EventPlace& to) const override {
    return !spool_ || spool_->must_restart() || spool_->may_hold_alone(from, to);
  }
  void flush() override { flush_asked_ = true; }
  std::size_t max_window_events() const override { return options_.roll.events * (kMaxSealed + 1); }

  std::int64_t read_patience_us() const override { return exporting::kReadPatienceUs; }
  bool has_room() const override { return !stopped_ && spool_ && spool_->has_room(); }
  void put(exporting::OutboundEvent event) override;
  std::int64_t step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) override;
  std::optional<exporting::Problem> problem() const override { return uploader_->problems().worst(); }
  std::vector<exporting::Problem> notes() const override { return uploader_->problems().notes(clock_.wall_ms()); }
  exporting::SinkStats stats() const override;
  void stop() override { stopped_ = true; }

 private:
  void open_spool(std::int64_t now_us);
  void report_recovery();
  void report_rebuilt();
  void take_ended(std::int64_t now_us);
  void take_ended(const EndedUpload& ended);
  void give_back(const EndedUpload& ended);
  bool begin_uploads(std::int64_t now_us);
  void report_spool();
  std::string key_for(std::int64_t received_ms, const EventPlace& first, const EventPlace& last,
                      Compression compression) const;

  const std::string name_;
  storage::FileSystem& files_;
  const Clock& clock_;
  const S3SinkOptions options_;
  const std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<Spool> spool_;  // null: not begun, or the folder cannot be read
  EventPlace begun_at_;
  std::optional<EventPlace> saved_;  // told before the spool could be opened
  bool begun_ = false;
  std::int64_t open_again_us_ = 0;
  std::optional<SpoolProblem> open_problem_;
  bool flush_asked_ = false, stopped_ = false;
  std::map<std::uint64_t, SealedObject> uploading_;
  std::string record_;
  std::vector<EndedUpload> ended_;
  std::vector<SpooledEvent> spooled_;
  std::uint64_t events_inside_ = 0;
  S3Details shown_;
  std::size_t damaged_files_ = 0;
  std::vector<RebuiltObject> rebuilt_;
  RebuiltCounts rebuilt_counts_;
  std::uint64_t taken_keys_ = 0;  // of objects that lay there before
};

}  // namespace sluice::s3
