// An S3Sink with a bucket, a disk, credentials and a clock under a test's hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/sha256.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/text.h"
#include "destinations/s3/s3_sink.h"
#include "destinations/s3/spool_rig_fake.h"
#include "http_client/http_transport_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::s3 {

class FakeCredentials final : public destinations::CredentialsView {
 public:
  FakeCredentials() { rotate(); }
  std::shared_ptr<const aws::Credentials> current() const override { return current_; }
  std::optional<aws::CredentialsError> error() const override { return error_; }
  void refuse(const std::shared_ptr<const aws::Credentials>& refused) override {
    if (refused == current_) rotate();
  }
  void rotate() {
    auto created = std::make_shared<aws::Credentials>();
    created->access_key_id = "AKID" + std::to_string(++created_);
    created->secret_access_key = "secret";
    current_ = std::move(created);
    error_.reset();
  }
  void lose(aws::CredentialsError error) {
    current_.reset();
    error_ = std::move(error);
  }
  int created() const { return created_; }

 private:
  std::shared_ptr<const aws::Credentials> current_;
  std::optional<aws::CredentialsError> error_;
  int created_ = 0;
};

// A sink, the store and the disk behind it, and the clock, under a test's hand.
class S3SinkTest : public testing::Test {
 protected:
  static constexpr const char* kFolder = "/data/spool/d";
  static constexpr std::int64_t kReceivedMs = 1'795'766'500'000;

  static std::string header_of(const http_client::HttpRequest& request, std::string_view name) {
    for (const auto& [header, value] : request.headers)
      if (equals_ignoring_case(header, name)) return value;
    return {};
  }

  // The key in a request's URL: of what is percent-encoded there, keys here have "=" alone.
  static std::string key_of(const http_client::HttpRequest& request) {
    constexpr std::string_view kHost = ".amazonaws.com/";
    std::string key = request.url.substr(request.url.find(kHost) + kHost.size());
    for (std::size_t at = key.find("%3D"); at != std::string::npos; at = key.find("%3D")) key.replace(at, 3, "=");
    return key;
  }

  static std::string base64_of_hex(std::string_view hex) {
    std::string out;
    base64_append(out, bytes_of_hex(hex).value());
    return out;
  }

  // Events of one payload, the entry's position given.
  static std::vector<exporting::OutboundEvent> events_at(std::uint64_t position, std::size_t count,
                                                         std::uint64_t first_ticket) {
    event::EntryWriter writer;
    writer.begin(*ObjectId::parse("0123456789abcdef01234567"), *ObjectId::parse("89abcdef0123456701234567"),
                 kReceivedMs, {});
    for (std::size_t i = 0; i < count; ++i) {
      writer.json() += fmt::format(R"({{"n":{},"pad":"{}"}})", first_ticket + i, std::string(100, 'x'));
      writer.end_event(event::EventKind::custom, 2, false, 0, 0);
    }
    auto chunk = std::make_shared<journal::JournalChunk>();
    writer.finish(chunk->buffer);
    auto entry = std::make_shared<exporting::OutboundEntry>();
    entry->chunk = chunk;
    entry->position = {position};
    entry->view = event::EntryView::open(chunk->buffer).value();
    entry->envelope = event::EnvelopeWriter(entry->view, event::EnvelopeOptions{});
    std::vector<exporting::OutboundEvent> events;
    event::EntryView::Walk walk;
    event::EventSlot slot;
    for (std::uint32_t number = 0; entry->view.next(walk, slot); ++number)
      events.push_back({first_ticket + number, entry, slot, nullptr, number});
    return events;
  }

  S3SinkTest() {
    transport.answer_by([this](const http_client::HttpRequest& request) { return answer(request); });
    clock.advance_us(1'000'000);
  }

  http_client::HttpResponse answer(const http_client::HttpRequest& request) {
    if (refusal) return *refusal;
    const std::string key = key_of(request);
    const bool conditional = !header_of(request, "if-none-match").empty();
    http_client::HttpResponse response;
    if (conditional && no_conditions) {
      response.status = 501;
      response.body = "<Error><Code>NotImplemented</Code><Message>no</Message></Error>";
      return response;
    }
    const ObjectAnswer stored =
        request.method == "HEAD"
            ? bucket.head(key)
            : bucket.put(key, request.body, header_of(request, "x-amz-meta-sluice-sha256"), conditional);
    response.status = stored.status;
    if (!stored.sha256_hex.empty())
      response.headers.emplace_back("x-amz-checksum-sha256", base64_of_hex(stored.sha256_hex));
    return response;
  }

  void refuse(int status, const std::string& code, const std::string& message = "", const std::string& more = "") {
    http_client::HttpResponse response;
    response.status = status;
    response.body = fmt::format("<Error><Code>{}</Code><Message>{}</Message>{}</Error>", code, message, more);
    refusal = std::move(response);
  }

  std::unique_ptr<Uploader> uploader(bool may_look_first = true) {
    UploaderOptions options;
    options.bucket.endpoint = "https://s3.eu-west-1.amazonaws.com";
    options.bucket.bucket = "acme";
    options.region = "eu-west-1";
    options.may_look_first = may_look_first;
    options.facts = {.bucket = "acme", .prefix = "flags", .region = "eu-west-1", .endpoint = options.bucket.endpoint};
    options.seed = 7;
    return std::make_unique<Uploader>("to-s3", transport, credentials, clock, notifier, std::move(options));
  }
  static KeyTemplate keys(const char* prefix = "flags") {
    return KeyTemplate::parse(kDefaultKeyTemplate, {prefix, "default", "production", "d", "node-1"}).value();
  }

  void open(bool may_look_first = true, const char* prefix = "flags") {
    sink = std::make_unique<S3Sink>("to-s3", files, clock, uploader(may_look_first),
                                    S3SinkOptions{.folder = kFolder,
                                                  .keys = keys(prefix),
                                                  .key_kind = "",
                                                  .bucket = "lake",
                                                  .prefix = prefix,
                                                  .settings_revision = "1",
                                                  .roll = {.bytes = 1'000, .age_us = 5'000'000, .events = 1'000},
                                                  .compression = Compression::none});
    sink->begin({{kFirst}, 0});
    sink->cursor_saved({{kFirst}, 0});
  }

  void put(std::size_t entries) {
    for (std::size_t i = 0; i < entries; ++i) {
      for (exporting::OutboundEvent& event : events_at(kFirst + 64 * put_, 2, 2 * put_)) {
        ASSERT_TRUE(sink->has_room());
        sink->put(std::move(event));
      }
      ++put_;
    }
    sink->passed({{kFirst + 64 * put_}, 0});
  }

  // Steps and answers until the condition holds or this long has passed.
  bool run(const std::function<bool()>& until, std::int64_t for_us = 120'000'000) {
    const std::int64_t end_us = clock.steady_us() + for_us;
    while (clock.steady_us() < end_us) {
      const std::int64_t due_us = sink->step(clock.steady_us(), finished);
      if (until()) return true;
      if (transport.deliver_all() > 0) continue;
      clock.advance_us(std::clamp<std::int64_t>(due_us - clock.steady_us(), 1'000, 1'000'000));
    }
    return until();
  }
  bool run_until_finished() {
    return run([&] { return finished.size() == 2 * put_; });
  }
  std::size_t lines() const {
    std::size_t all = 0;
    for (const auto& [line, times] : lines_in(bucket)) {
      EXPECT_EQ(times, 1) << line;
      ++all;
    }
    return all;
  }
  std::string problem_code() const { return sink->problem() ? sink->problem()->code : ""; }

  static constexpr std::uint64_t kFirst = 0x6b03dfc000001000;
  storage::FakeFileSystem files{1};
  ManualClock clock;
  BucketFake bucket;
  http_client::HttpTransportFake transport{http_client::HttpTransportFake::When::on_demand};
  std::shared_ptr<FakeCredentials> credentials = std::make_shared<FakeCredentials>();
  Notifier notifier;
  std::optional<http_client::HttpResponse> refusal;
  bool no_conditions = false;
  std::unique_ptr<exporting::Sink> sink;
  std::vector<exporting::FinishedEvent> finished;
  std::size_t put_ = 0;
};

}  // namespace sluice::s3
