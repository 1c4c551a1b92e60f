#include "destinations/webhook/batch.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/hex.h"

namespace sluice::webhook {
namespace {

// A buffer above this size was for one huge event and is not kept.
constexpr std::size_t kKeptPlainBytes = 4u << 20;
constexpr std::size_t kIdBytes = 16;  // of the hash: enough that no two batches ever share one

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256() { EVP_MD_CTX_free(context_); }
  // With its length before it, so that no two lists of texts are hashed alike.
  void add(std::string_view text) {
    const std::uint64_t size = text.size();
    EVP_DigestUpdate(context_, &size, sizeof size);
    EVP_DigestUpdate(context_, text.data(), text.size());
  }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    return {reinterpret_cast<const char*>(digest.data()), kIdBytes};
  }

 private:
  EVP_MD_CTX* context_ = EVP_MD_CTX_new();
};

}  // namespace

BatchBuilder::BatchBuilder(BatchOptions options) : options_(std::move(options)) {
  SLUICE_CHECK(options_.max_events > 0 && options_.max_bytes > 0, "a batch has room for an event");
  if (options_.compression) compressor_.emplace(*options_.compression);
}

void BatchBuilder::put(exporting::OutboundEvent event) {
  held_bytes_ += event.record_size();
  held_.push_back({std::move(event), 0});
  ++unstamped_;
}

std::int64_t BatchBuilder::due_us() const {
  if (held_.empty()) return INT64_MAX;
  if (unstamped_ > 0 || is_full()) return 0;
  return held_.front().since_us + options_.linger_us;
}

void BatchBuilder::advance(std::int64_t now_us) {
  for (; unstamped_ > 0; --unstamped_) held_[held_.size() - unstamped_].since_us = now_us;
}

std::optional<Batch> BatchBuilder::take(std::int64_t now_us, bool flush) {
  advance(now_us);
  if (held_.empty()) return std::nullopt;
  const bool overdue = flush || now_us - held_.front().since_us >= options_.linger_us;
  if (!overdue && !is_full()) return std::nullopt;
  std::vector<exporting::OutboundEvent> events;
  std::size_t bytes = 0;
  while (!held_.empty() && events.size() < options_.max_events) {
    const std::size_t size = held_.front().event.record_size();
    if (!events.empty() && bytes + size > options_.max_bytes) break;
    bytes += size;
    events.push_back(std::move(held_.front().event));
    held_.pop_front();
  }
  held_bytes_ -= bytes;
  return batch_of(std::move(events));
}

Batch BatchBuilder::batch_of(std::vector<exporting::OutboundEvent> events) {
  write_body(events);
  Batch batch;
  batch.events = std::move(events);
  batch.id = id_of(plain_);
  batch.plain_bytes = plain_.size();
  batch.body = finished_body();
  return batch;
}

void BatchBuilder::restore_body(Batch& batch) {
  write_body(batch.events);
  batch.body = finished_body();
}

std::string BatchBuilder::finished_body() {
  std::string body = compressor_ ? std::string(compressor_->compress(plain_)) : plain_;
  if (plain_.capacity() > kKeptPlainBytes) plain_ = std::string();
  return body;
}

// Records come with a line end or without, as the destination's envelope has it.
void BatchBuilder::write_body(std::span<const exporting::OutboundEvent> events) {
  const bool is_array = options_.format == BodyFormat::json_array;
  plain_.clear();
  for (const exporting::OutboundEvent& event : events) {
    if (is_array) plain_ += plain_.empty() ? '[' : ',';
    event.entry->envelope.append(plain_, event.slot);
    if (plain_.ends_with('\n')) plain_.pop_back();
    if (!is_array) plain_ += '\n';
  }
  if (is_array) plain_ += ']';
}

std::string BatchBuilder::id_of(std::string_view body) const {
  Sha256 hash;
  hash.add("sluice webhook batch 1");
  hash.add(options_.recipient);
  hash.add(body);
  return "msg_" + hex_of(hash.finish());
}

std::pair<Batch, Batch> BatchBuilder::halve(Batch batch) {
  SLUICE_CHECK(batch.events.size() >= 2, "one event cannot be halved");
  const auto middle = batch.events.begin() + static_cast<std::ptrdiff_t>(batch.events.size() / 2);
  std::vector<exporting::OutboundEvent> second(std::make_move_iterator(middle),
                                               std::make_move_iterator(batch.events.end()));
  batch.events.erase(middle, batch.events.end());
  Batch first = batch_of(std::move(batch.events));
  return {std::move(first), batch_of(std::move(second))};
}

std::vector<std::pair<std::string, std::string>> BatchBuilder::content_headers() const {
  std::vector<std::pair<std::string, std::string>> headers = {
      {"content-type", options_.format == BodyFormat::ndjson ? "application/x-ndjson" : "application/json"}};
  if (options_.compression)
    headers.emplace_back("content-encoding",
                         *options_.compression == framing::Compressor::Format::gzip ? "gzip" : "zstd");
  return headers;
}

}  // namespace sluice::webhook
