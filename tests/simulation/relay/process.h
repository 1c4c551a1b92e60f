// One life of the process that a run starts, ends and kills: what the server builds of flag delivery, over the run's
// disk, upstream and scheduler, which outlive it. Any call may throw ProcessDied while the disk is changed; then it is
// destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/object_id.h"
#include "catalog/snapshot.h"
#include "flags/flag_registry.h"
#include "http_client/http_transport_fake.h"
#include "intake/seen_sdks.h"
#include "link.h"
#include "relay/client_requests.h"
#include "relay/relay.h"
#include "relay/relay_handler.h"
#include "sdk.h"
#include "storage/file_system_fake.h"
#include "upstream.h"

namespace sluice::relay_simulation {

inline const ObjectId kEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");
inline constexpr const char* kUpstream = "http://upstream";  // its address
inline constexpr const char* kDataDirectory = "/data";

// What the environment's owner wants.
struct Wanted {
  Promises::Selection selection;
  bool as_sent = false;
  bool has_source = true;
  std::uint64_t key = 0;  // which SDK key is the newest: upstream is asked with it
  std::string key_text() const { return "sdk-" + std::to_string(key); }
};

// The one environment as its owner wants it.
catalog::CatalogPointer catalog_of(const Wanted& wanted);

// In the order in which the server builds it.
class Process {
 public:
  Process(storage::FakeFileSystem& disk, Upstream& upstream, Scheduler& scheduler, ManualClock& clock,
          std::uint64_t seed);
  ~Process();

  // As data_path/data_path.h, whose thread may lose its turn between the two.
  void publish(const catalog::CatalogPointer& catalog, const std::function<void()>& between);
  void begin_stop(std::int64_t grace_ms) { loop_->say_close(grace_ms); }
  void close_streams() { loop_->drain(); }
  void end() { relay_.stop(); }
  relay::Relay& relay() { return relay_; }
  const std::shared_ptr<SimulatedLoop>& loop() const { return loop_; }
  std::uint64_t cut_off() const;  // streams that were too slow

 private:
  flags::FlagRegistry flags_;
  catalog::Catalog catalog_;
  http_client::HttpTransportFake transport_;
  relay::Relay relay_;
  relay::ClientRequests clients_;
  intake::SeenSdks sdks_;
  relay::FlagDelivery delivery_;
  std::shared_ptr<SimulatedLoop> loop_;
};

}  // namespace sluice::relay_simulation
