#include "counted_run.h"

#include <fmt/format.h>

#include <utility>

#include "aws/credentials_sources.h"
#include "base/check.h"
#include "base/process_environment.h"
#include "catalog/declared.h"
#include "config/toml_table.h"
#include "counting.h"
#include "destinations/kinesis/kind.h"
#include "http/request_parser.h"

namespace sluice::instructions {
namespace {

constexpr const char* kDataDirectory = "/data";

constexpr std::string_view kConfiguration = R"(
[[project]]
key = "web"
[[environment]]
project = "web"
key = "production"
sdk_keys = ["{}"]
[[destination]]
name = "events"
project = "web"
environment = "production"
kind = "kinesis"
region = "eu-west-1"
stream_name = "flag-events"
encoding = "{}"
)";

catalog::CatalogPointer read_catalog(const std::string& encoding, const catalog::DestinationKinds& kinds) {
  config::ConfigFaults faults;
  config::TomlTable root =
      config::TomlTable::parse(fmt::format(fmt::runtime(kConfiguration), kSdkKey, encoding), "counted", faults);
  auto snapshot = catalog::read_declared_catalog(root, kinds);
  SLUICE_CHECK(faults.empty(), faults.text().c_str());
  return snapshot;
}

std::unique_ptr<destinations::KindList> only_kinesis() {
  std::vector<std::unique_ptr<const destinations::DestinationKind>> kinds;
  kinds.push_back(kinesis::kinesis_kind());
  return std::make_unique<destinations::KindList>(std::move(kinds));
}

}  // namespace

// A request with what its views point into, for as long as it is not answered.
class CountedRun::Exchange final : public http::HttpResponder::Target {
 public:
  Exchange(std::string_view bytes, CountedRun& run) : parser_(limits_, run.bodies_), run_(run) {
    const Counting counting(true);
    parser_.begin();
    http::RequestParser::Step step = http::RequestParser::Step::more;
    while (step == http::RequestParser::Step::more || step == http::RequestParser::Step::header)
      step = parser_.feed(bytes);
    SLUICE_CHECK(step == http::RequestParser::Step::complete, "a request that is sent is complete");
    parser_.describe(request_);
    request_.peer = "192.0.2.1";
  }
  void respond(http::HttpResponse response) override {
    SLUICE_CHECK(response.status == 202, "every payload is taken");
    ++run_.answered_;
  }
  const http::HttpRequest& request() const { return request_; }

 private:
  const http::HttpLimits limits_;
  http::RequestParser parser_;
  http::HttpRequest request_;
  CountedRun& run_;
};

CountedRun::CountedRun(const std::string& encoding) : kinds_(only_kinesis()) {
  credentials_ = std::make_shared<aws::CredentialsCache>(
      std::make_unique<aws::StaticSource>("AKIDCOUNTED", "secret", "", "counted"), clock_, nullptr, workers_);
  identity_ = std::make_unique<aws::ServerIdentity>(far_end_, clock_, empty_environment(), credentials_,
                                                    "arn:aws:iam::123456789012:role/sluice");
  parts_.reset(new destinations::KindParts{far_end_, clock_, empty_environment(), *identity_,
                                           [this] { return data_path_->catalog().current(); }, files_, kDataDirectory,
                                           "node", nullptr, workers_});
  data_path::DataPathSettings settings;
  settings.data_directory = kDataDirectory;
  settings.journal.segment_bytes = 16u << 20;  // the disk is memory
  settings.journal.max_bytes = 256u << 20;
  settings.journal.min_free_bytes = 0;
  settings.journal.retention_ms = 0;
  auto opened = data_path::DataPath::open(
      std::move(settings),
      {files_, clock_,
       [this](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters,
              const exporting::SinkUse& use) {
         return kinds_->of(destination).make_sink(destination, *parts_, notifier, dead_letters, use);
       },
       nullptr, workers_});
  SLUICE_CHECK(opened.has_value(), "a data path opens on an empty disk");
  data_path_ = std::move(*opened);
  SLUICE_CHECK(
      data_path_->start(read_catalog(encoding, *kinds_), data_path::DeletedDestinations::set_aside, {}).has_value(),
      "a data path starts on an empty disk");
  handler_ = data_path_->intake().make_handler();
  data_path_->deliver();
  settle();
}

CountedRun::~CountedRun() {
  data_path_->drain(1000);
  data_path_->close();
}

void CountedRun::settle() {
  do workers_.run_due();
  while (far_end_.answer());
}

void CountedRun::send(const std::vector<std::string>& requests, std::int64_t round_us) {
  const std::uint64_t answered = answered_;
  for (const std::string& bytes : requests) {
    const auto exchange = std::make_shared<Exchange>(bytes, *this);
    const Counting counting(true);
    handler_->handle(exchange->request(), http::HttpResponder(exchange));
  }
  for (const std::int64_t end_us = clock_.steady_us() + round_us; clock_.steady_us() < end_us;) {
    settle();
    clock_.advance_us(std::min(workers_.next_due_us(), end_us) - clock_.steady_us());
  }
  settle();
  SLUICE_CHECK(answered_ == answered + requests.size(), "a payload is answered within its round");
}

// What the status says is up to a second old.
void CountedRun::deliver_all(std::uint64_t events) {
  constexpr std::int64_t kStepUs = 100'000, kAtMostUs = 60'000'000;
  const auto delivered = [&] { return data_path_->exporter().status().begin()->pipeline.balance.delivered; };
  for (std::int64_t us = 0; delivered() < events; us += kStepUs) {
    SLUICE_CHECK(us < kAtMostUs, "all is delivered within a minute");
    send({}, kStepUs);
  }
  SLUICE_CHECK(delivered() == events, "every event is delivered, and none that was not sent");
}

}  // namespace sluice::instructions
