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
class Exchange final : public HttpResponder::Target {
 public:
  Exchange(std::string bytes, ByteBudget& budget, std::function<void(const HttpResponse&)> answered)
      : bytes_(std::move(bytes)), parser_(limits_, budget), answered_(std::move(answered)) {
    parser_.begin();
    std::string_view rest = bytes_;
    RequestParser::Step step = RequestParser::Step::more;
    while (step == RequestParser::Step::more || step == RequestParser::Step::header) step = parser_.feed(rest);
    SLUICE_CHECK(step == RequestParser::Step::complete, "the SDK's request is complete");
    parser_.describe(request_);
    request_.peer = "192.0.2.1";
  }
  void respond(HttpResponse response) override { answered_(response); }
  const HttpRequest& request() const { return request_; }

 private:
  const HttpLimits limits_;
  const std::string bytes_;
  RequestParser parser_;
  HttpRequest request_;
  std::function<void(const HttpResponse&)> answered_;
};

}  // namespace

Process::Process(FileSystem& files, const ManualClock& clock, Scheduler& scheduler, Cloud& cloud,
                 const JournalLimits& limits)
    : files_(files), clock_(clock), scheduler_(scheduler), cloud_(cloud), limits_(limits) {}

Process::~Process() = default;

Result<void> Process::start(const CatalogPointer& snapshot) {
  auto journal = Journal::open(std::string(kDataDirectory) + "/journal", limits_, files_, clock_, scheduler_);
  if (!journal) return tl::unexpected(journal.error());
  journal_ = std::move(*journal);
  auto flag_store = FlagStore::open(std::string(kDataDirectory) + "/flags.json", flags_, files_, scheduler_);
  if (!flag_store) return tl::unexpected(flag_store.error());
  flag_store_ = std::move(*flag_store);
  own_credentials_ = std::make_shared<aws::CredentialsCache>(
      std::make_unique<aws::StaticSource>("AKIDOWN", "secret", "", "simulation"), clock_, nullptr, scheduler_);
  while (!own_credentials_->current()) scheduler_.run_for(1000);  // AssumeRole would wait for it, in the only thread
  exporter_ = std::make_unique<Exporter>(
      *journal_, files_, clock_, kDataDirectory,
      [this](const Destination& destination, Waker& waker, DeadLetterStore& dead_letters) {
        return kinesis::make_kinesis_sink(
            destination,
            {cloud_, clock_, [](const char*) { return std::optional<std::string>(); }, own_credentials_,
             [] { return std::string("arn:aws:iam::999999999999:role/sluice"); }, scheduler_},
            waker, dead_letters);
      },
      scheduler_);
  exporter_->forget_all_but(*snapshot);
  if (auto mended = exporter_->mend_cursors(); !mended) return tl::unexpected(mended.error());
  if (auto applied = exporter_->apply(*snapshot); !applied) return applied;
  journal_->drop_hold(kStartingHold);
  intake_dead_letters_ = std::make_unique<IntakeDeadLetters>("/nowhere", IntakeLimits{}, intake_metrics_);
  intake_ = std::make_unique<Intake>(catalog_, flags_, *journal_, clock_, intake_metrics_, *intake_dead_letters_,
                                     IntakeLimits{}, nullptr);
  flags_.apply(*snapshot);
  catalog_.publish(snapshot);
  handler_ = intake_->make_handler();
  listens_ = true;
  return {};
}

Result<void> Process::put_in_force(const CatalogPointer& snapshot) {
  flags_.apply(*snapshot);
  const CatalogPointer before = catalog_.current();
  catalog_.publish(snapshot);
  if (auto applied = exporter_->apply(*snapshot); !applied) return applied;
  std::set<ObjectId> left;
  for (const Destination& destination : snapshot->destinations()) left.insert(destination.id);
  for (const Destination& destination : before->destinations())
    if (!left.contains(destination.id)) exporter_->forget(destination.id);
  return {};
}

void Process::request(std::string bytes, std::function<void(const HttpResponse&)> answered) {
  const auto exchange = std::make_shared<Exchange>(std::move(bytes), bodies_, std::move(answered));
  handler_->handle(exchange->request(), HttpResponder(exchange));
}

void Process::stop(std::int64_t drain_ms) {
  listens_ = false;
  scheduler_.run_for(kListenerDrainUs);
  exporter_->drain(drain_ms);
  flag_store_->close();
  journal_->close();
}

}  // namespace sluice::simulation
