#include "destinations/s3/direct_sink.h"

#include <algorithm>
#include <utility>

#include "aws/sha256.h"

namespace sluice::s3 {
namespace {

class TextBody final : public http_client::HttpBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const override { return text_.size(); }
  Result<void> read(std::uint64_t offset, char* out, std::size_t size) const override {
    text_.copy(out, size, offset);
    return {};
  }

 private:
  const std::string text_;
};

}  // namespace

DirectSink::DirectSink(const Clock& clock, std::unique_ptr<Uploader> uploader, DirectSinkOptions options)
    : clock_(clock), options_(std::move(options)), uploader_(std::move(uploader)), random_(options_.seed) {}

DirectSink::~DirectSink() = default;

void DirectSink::put(exporting::OutboundEvent event) {
  const std::size_t before = lines_.size();
  event.entry->envelope.append(lines_, event.slot);
  events_.push_back({event.ticket, true, static_cast<std::uint32_t>(lines_.size() - before)});
}

// It has no place in the journal. Its time and a random number stand for one, so that its key is its own.
DirectSink::Object DirectSink::made_object() {
  const std::int64_t now_ms = clock_.wall_ms();
  const auto time = static_cast<std::uint64_t>(now_ms) << 16;
  const EventPlace place{{time | (random_.next() & 0xffff)}, 0};
  std::string bytes;
  framing::StreamCompressor compressor(options_.compression);
  compressor.write(lines_, bytes);
  compressor.finish(bytes);
  Object object;
  object.manifest.key = options_.keys.key(options_.key_kind, now_ms, place, place, options_.compression);
  object.manifest.first = object.manifest.last = place;
  object.manifest.size_bytes = bytes.size();
  object.manifest.sha256_hex = aws::sha256_hex(bytes);
  object.manifest.events = events_.size();
  object.manifest.content_type = content_type_of(options_.compression);
  object.body = std::make_shared<TextBody>(std::move(bytes));
  object.events = std::move(events_);
  events_.clear();
  lines_.clear();
  return object;
}

std::int64_t DirectSink::step(std::int64_t now_us, std::vector<exporting::FinishedEvent>& finished) {
  ended_.clear();
  uploader_->take_answers(now_us, ended_);
  for (const EndedUpload& ended : ended_) {
    if (ended.how != EndedUpload::How::done) continue;
    finished.insert(finished.end(), object_->events.begin(), object_->events.end());
    key_ = object_->manifest.key;
    version_id_ = ended.version_id;
    object_.reset();
  }
  if (stopped_) return INT64_MAX;
  if (!object_ && !events_.empty()) {
    object_ = made_object();
    ++number_;
  }
  const bool waiting = object_ && uploader_->in_flight() == 0;
  if (waiting && uploader_->may_begin(now_us)) uploader_->begin(number_, object_->manifest, object_->body, now_us);
  return uploader_->step(now_us, object_ && uploader_->in_flight() == 0);
}

exporting::SinkStats DirectSink::stats() const {
  exporting::SinkStats stats;
  uploader_->call_stats().fill(stats);
  stats.calls_in_flight = uploader_->in_flight();
  stats.events_inside = events_.size() + (object_ ? object_->events.size() : 0);
  stats.bytes_inside = lines_.size();
  return stats;
}

std::optional<exporting::Receipt> DirectSink::last_receipt() const {
  if (key_.empty()) return std::nullopt;
  exporting::Receipt receipt{{{"bucket", options_.bucket}, {"objectKey", key_}},
                             "s3://" + options_.bucket + "/" + key_};
  if (!version_id_.empty()) receipt.parts.emplace_back("versionId", version_id_);
  return receipt;
}

}  // namespace sluice::s3
