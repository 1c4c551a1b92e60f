// Puts what it is given into an object at once, without the spool: a test event, which has no place in the journal, and
// dead letters that are tried again, which are kept until it is done. One object after the other. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "destinations/s3/object_key.h"
#include "destinations/s3/uploader.h"
#include "export/sink.h"

namespace sluice::s3 {

// Of lines, in memory. One event may be larger.
inline constexpr std::uint64_t kMaxDirectBytes = 8u << 20;

struct DirectSinkOptions {
  KeyTemplate keys;
  std::string key_kind;  // behind the prefix: "test"
  Compression compression = Compression::gzip;
  std::string bucket;
  std::uint64_t seed = 0;  // of what tells its keys apart
};

class DirectSink final : public exporting::Sink {
 public:
  DirectSink(const Clock& clock, std::unique_ptr<Uploader> uploader, DirectSinkOptions options);
  ~DirectSink() override;

  bool has_room() const override { return !object_ && lines_.size() < kMaxDirectBytes; }
  void put(exporting::OutboundEvent event) override;
  std::int64_t step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) override;
  std::optional<exporting::Problem> problem() const override { return uploader_->problems().worst(); }
  std::vector<exporting::Problem> notes() const override { return uploader_->problems().notes(clock_.wall_ms()); }
  exporting::SinkStats stats() const override;
  std::optional<exporting::Receipt> last_receipt() const override;
  void stop() override { stopped_ = true; }

 private:
  struct Object {
    Manifest manifest;
    std::shared_ptr<const http_client::HttpBody> body;
    std::vector<exporting::FinishedEvent> events;
  };
  Object made_object();

  const Clock& clock_;
  const DirectSinkOptions options_;
  const std::unique_ptr<Uploader> uploader_;
  Random random_;
  std::string lines_;
  std::vector<exporting::FinishedEvent> events_;
  std::optional<Object> object_;  // on its way
  std::uint64_t number_ = 0;
  std::string key_, version_id_;  // of the last one that was stored
  bool stopped_ = false;
  std::vector<EndedUpload> ended_;
};

}  // namespace sluice::s3
