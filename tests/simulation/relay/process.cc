#include "process.h"

#include <utility>
#include <vector>

namespace sluice::relay_simulation {
namespace {

class Nothing final : public http::HttpHandler {
 public:
  void handle(const http::HttpRequest&, http::HttpResponder responder) override {
    http::HttpResponse response;
    response.status = 404;
    responder(std::move(response));
  }
};

http::HttpLimits limits() {
  http::HttpLimits out;
  out.max_stream_waiting_bytes = 400;  // some patches: slow readers are cut off at times
  return out;
}

}  // namespace

catalog::CatalogPointer catalog_of(const Wanted& wanted) {
  catalog::Environment environment;
  environment.id = kEnvironment;
  environment.key = "production";
  environment.sdk_keys = {wanted.key_text(), "sdk-simulated"};
  environment.mobile_keys = {"mob-simulated"};
  environment.flag_export.as_sent = wanted.as_sent;
  environment.flag_export.new_flags = false;
  for (const std::string& key : wanted.selection) environment.flag_export.flags[key].exported = true;
  if (wanted.has_source) {
    environment.flag_source.kind = catalog::FlagSource::Kind::launchdarkly;
    environment.flag_source.stream_uri = kUpstream;
  }
  return std::make_shared<const catalog::CatalogSnapshot>(std::vector<catalog::Project>(),
                                                          std::vector<catalog::Environment>{environment},
                                                          std::vector<catalog::Destination>());
}

Process::Process(storage::FakeFileSystem& disk, Upstream& upstream, Scheduler& scheduler, ManualClock& clock,
                 std::uint64_t seed)
    : relay_({disk, upstream.transport(), clock, flags_, kDataDirectory, "/data/flag-files", nullptr, scheduler}),
      clients_({transport_, clock, flags_}),
      delivery_{relay_, clients_, catalog_, clock, sdks_, "", 10'000},
      loop_(std::make_shared<SimulatedLoop>(limits(), scheduler, clock, seed)) {
  loop_->start(relay::make_relay_handler(delivery_, std::make_unique<Nothing>()));
}

Process::~Process() { loop_->stop(); }

void Process::publish(const catalog::CatalogPointer& catalog, const std::function<void()>& between) {
  flags_.apply(*catalog);
  between();
  catalog_.publish(catalog);
  relay_.apply(catalog);
}

std::uint64_t Process::cut_off() const {
  std::uint64_t count = 0;
  for (const http::Cut cut : {http::Cut::stream_lagging, http::Cut::stream_not_read})
    count += loop_->counters().cuts[static_cast<std::size_t>(cut)].load();
  return count;
}

}  // namespace sluice::relay_simulation
