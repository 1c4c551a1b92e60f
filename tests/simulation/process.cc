#include "process.h"

#include <utility>

#include "aws/credentials_sources.h"
#include "base/check.h"
#include "base/process_environment.h"
#include "http/request_parser.h"
#include "kinesis/make_kinesis_sink.h"

namespace sluice::simulation {
namespace {

constexpr const char* kDataDirectory = "/data";

// What was asked is answered with the next sync.
constexpr std::int64_t kListenerDrainUs = 100'000;

// A request with what its views point into, for as long as it is not answered.
class Exchange final : public http::HttpResponder::Target {
 public:
  Exchange(std::string bytes, http::ByteBudget& budget, std::function<void(const http::HttpResponse&)> answered)
      : bytes_(std::move(bytes)), parser_(limits_, budget), answered_(std::move(answered)) {
    parser_.begin();
    std::string_view rest = bytes_;
    http::RequestParser::Step step = http::RequestParser::Step::more;
    while (step == http::RequestParser::Step::more || step == http::RequestParser::Step::header)
      step = parser_.feed(rest);
    SLUICE_CHECK(step == http::RequestParser::Step::complete, "the SDK's request is complete");
    parser_.describe(request_);
    request_.peer = "192.0.2.1";
  }
  void respond(http::HttpResponse response) override { answered_(response); }
  const http::HttpRequest& request() const { return request_; }

 private:
  const http::HttpLimits limits_;
  const std::string bytes_;
  http::RequestParser parser_;
  http::HttpRequest request_;
  std::function<void(const http::HttpResponse&)> answered_;
};

}  // namespace

Process::Process(storage::FileSystem& files, const ManualClock& clock, Scheduler& scheduler, Cloud& cloud,
                 const journal::JournalLimits& limits)
    : files_(files), clock_(clock), scheduler_(scheduler), cloud_(cloud), limits_(limits) {}

Process::~Process() = default;

Result<void> Process::start(const catalog::CatalogPointer& snapshot) {
  auto opened = data_path::DataPath::open(
      {kDataDirectory, limits_, {}},
      {files_, clock_,
       [this](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters) {
         return kinesis::make_kinesis_sink(
             destination,
             {cloud_, clock_, empty_environment(), own_credentials_,
              [] { return std::string("arn:aws:iam::999999999999:role/sluice"); }, scheduler_},
             notifier, dead_letters);
       },
       nullptr, scheduler_});
  if (!opened) return tl::unexpected(opened.error());
  data_path_ = std::move(*opened);
  own_credentials_ = std::make_shared<aws::CredentialsCache>(
      std::make_unique<aws::StaticSource>("AKIDOWN", "secret", "", "simulation"), clock_, nullptr, scheduler_);
  while (!own_credentials_->current()) scheduler_.run_for(1000);  // AssumeRole would wait for it, in the only thread
  if (auto started = data_path_->start(snapshot, data_path::DeletedDestinations::forget); !started) return started;
  handler_ = data_path_->intake().make_handler();
  listens_ = true;
  data_path_->deliver();
  return {};
}

Result<void> Process::put_in_force(const catalog::CatalogPointer& snapshot) {
  return data_path_->put_in_force(snapshot);
}

void Process::request(std::string bytes, std::function<void(const http::HttpResponse&)> answered) {
  const auto exchange = std::make_shared<Exchange>(std::move(bytes), bodies_, std::move(answered));
  handler_->handle(exchange->request(), http::HttpResponder(exchange));
}

void Process::stop(std::int64_t drain_ms) {
  listens_ = false;
  scheduler_.run_for(kListenerDrainUs);
  data_path_->drain(drain_ms);
  data_path_->close();
}

}  // namespace sluice::simulation
