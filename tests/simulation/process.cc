#include "process.h"

#include <set>
#include <utility>

#include "aws/credentials_sources.h"
#include "base/check.h"
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
  auto journal = journal::Journal::open(std::string(kDataDirectory) + "/journal", limits_, files_, clock_, scheduler_);
  if (!journal) return tl::unexpected(journal.error());
  journal_ = std::move(*journal);
  auto flag_store = flags::FlagStore::open(std::string(kDataDirectory) + "/flags.json", flags_, files_, scheduler_);
  if (!flag_store) return tl::unexpected(flag_store.error());
  flag_store_ = std::move(*flag_store);
  own_credentials_ = std::make_shared<aws::CredentialsCache>(
      std::make_unique<aws::StaticSource>("AKIDOWN", "secret", "", "simulation"), clock_, nullptr, scheduler_);
  while (!own_credentials_->current()) scheduler_.run_for(1000);  // AssumeRole would wait for it, in the only thread
  exporter_ = std::make_unique<exporting::Exporter>(
      *journal_, files_, clock_, kDataDirectory,
      [this](const catalog::Destination& destination, Notifier& notifier, exporting::DeadLetterStore& dead_letters) {
        return kinesis::make_kinesis_sink(
            destination,
            {cloud_, clock_, [](const char*) { return std::optional<std::string>(); }, own_credentials_,
             [] { return std::string("arn:aws:iam::999999999999:role/sluice"); }, scheduler_},
            notifier, dead_letters);
      },
      scheduler_);
  exporter_->forget_all_but(*snapshot);
  if (auto repaired = exporter_->repair_cursors(); !repaired) return tl::unexpected(repaired.error());
  if (auto applied = exporter_->apply(*snapshot); !applied) return applied;
  journal_->drop_hold(journal::kStartingHold);
  intake_dead_letters_ = std::make_unique<intake::IntakeDeadLetters>(
      files_, std::string(kDataDirectory) + "/dead-letters", intake::IntakeLimits{}, intake_metrics_, scheduler_);
  intake_ = std::make_unique<intake::Intake>(catalog_, flags_, *journal_, clock_, intake_metrics_,
                                             *intake_dead_letters_, intake::IntakeLimits{}, nullptr);
  flags_.apply(*snapshot);
  catalog_.publish(snapshot);
  handler_ = intake_->make_handler();
  listens_ = true;
  return {};
}

Result<void> Process::put_in_force(const catalog::CatalogPointer& snapshot) {
  flags_.apply(*snapshot);
  const catalog::CatalogPointer before = catalog_.current();
  catalog_.publish(snapshot);
  if (auto applied = exporter_->apply(*snapshot); !applied) return applied;
  std::set<ObjectId> left;
  for (const catalog::Destination& destination : snapshot->destinations()) left.insert(destination.id);
  for (const catalog::Destination& destination : before->destinations())
    if (!left.contains(destination.id)) exporter_->forget(destination.id);
  return {};
}

void Process::request(std::string bytes, std::function<void(const http::HttpResponse&)> answered) {
  const auto exchange = std::make_shared<Exchange>(std::move(bytes), bodies_, std::move(answered));
  handler_->handle(exchange->request(), http::HttpResponder(exchange));
}

void Process::stop(std::int64_t drain_ms) {
  listens_ = false;
  scheduler_.run_for(kListenerDrainUs);
  exporter_->drain(drain_ms);
  flag_store_->close();
  journal_->close();
}

}  // namespace sluice::simulation
