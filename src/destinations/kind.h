// A kind of destination, such as Kinesis: all that differs from one to another. A kind is a folder beside this file; it
// names itself nowhere else, and is put into the list that server/destination_kinds.cc builds. Objects are immutable;
// any thread unless said otherwise.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "aws/server_identity.h"
#include "base/clock.h"
#include "base/notifier.h"
#include "base/process_environment.h"
#include "base/worker.h"
#include "catalog/destination_kinds.h"
#include "catalog/snapshot.h"
#include "destinations/check.h"
#include "destinations/cost_calculator.h"
#include "destinations/form.h"
#include "event/upstream_tracking.h"
#include "export/export_status.h"
#include "export/sealed_events.h"
#include "export/sink.h"
#include "export/test_event.h"
#include "http_client/http_transport.h"
#include "http_client/outbound_policy.h"
#include "storage/file_system.h"

namespace sluice::destinations {

// What kinds are given to work with. All that is referred to outlives sinks and checks.
struct KindParts {
  http_client::HttpTransport& transport;
  const Clock& clock;
  ProcessEnvironment environment;
  aws::ServerIdentity& identity;
  std::function<catalog::CatalogPointer()> catalog;  // in force; null before the first
  // For sinks that keep events on disk: export/sink_folder.h.
  storage::FileSystem& files;
  std::string data_directory;
  // This server's name, where what it delivers must not be mixed up with another's: the host's, by default.
  std::string node;
  // What destinations may call; null: any, as those of a configuration file.
  const http_client::OutboundPolicy* policy = nullptr;
  Workers& workers = worker_threads();
  // What upstream itself tracks of the flags that SDKs take through Sluice; null: there is no flag delivery.
  const event::UpstreamTracking* tracking = nullptr;
};

// How a kind is shown to people.
struct KindText {
  std::string title;     // "Amazon Kinesis"
  std::string summary;   // one sentence: what is delivered where
  std::string keywords;  // more words that a search finds it by
  std::string icon;      // of the console: parts/icons.tsx
  std::string docs;      // the page of the documentation about it: "delivery"
};

struct KindMetric {
  std::string_view name;  // "sluice_destination_open_shards"
  std::string_view help;
  double value = 0;
  bool counts = false;  // a counter; else a gauge
};

class DestinationKind : public catalog::SettingsKind {
 public:
  virtual KindText text() const = 0;
  virtual const Form& form() const = 0;
  // What a new destination is called when its owner gives no name; from its fields as the configuration calls them.
  virtual std::string default_name(const nlohmann::json& fields) const = 0;

  // Never null: settings that cannot work give a sink that keeps all it is given and says what is wrong.
  virtual std::unique_ptr<exporting::Sink> make_sink(const catalog::Destination& destination, const KindParts& parts,
                                                     Notifier& notifier, exporting::DeadLetterStore& dead_letters,
                                                     const exporting::SinkUse& use) const = 0;
  // What its sinks have sealed in `folder`, as export/sealed_events.h says. Nothing: the folder has nothing of this
  // kind.
  virtual std::vector<exporting::SealedEvents> sealed_in(storage::FileSystem& /*files*/,
                                                         const std::string& /*folder*/) const {
    return {};
  }
  // What intake does not store, such as SDKs' diagnostic events, for a kind that repeats what SDKs send: forwarded as
  // it is, once, or dropped. `original`: event/original.h. Does not block.
  virtual void forward_unstored(const catalog::Destination& /*destination*/, const KindParts& /*parts*/,
                                CredentialKind /*credential*/, const std::string& /*original*/) const {}
  // The addresses in its settings that this server does not allow, each at its field.
  virtual std::vector<catalog::FieldFault> forbidden_addresses(const catalog::KindSettings& settings,
                                                               const http_client::OutboundPolicy& policy) const = 0;
  // What else is refused when settings are saved, each at its field. Those that were saved before are still read and
  // run: a check that a later version adds must not keep a server from starting.
  virtual std::vector<catalog::FieldFault> refused_when_saved(const catalog::KindSettings& /*settings*/) const {
    return {};
  }

  // Tries it step by step. Blocks for seconds, a minute at the worst; not on the transport's thread. `put` sends one
  // test event: nothing else proves the permission.
  virtual std::vector<CheckStep> check(const catalog::Destination& destination, const KindParts& parts,
                                       const std::function<exporting::TestEventOutcome()>& put) const = 0;
  // What has to be set up at the far end, as documents by name, from the `config` of a destination. A draft may be half
  // filled in: what is not known stays a placeholder. An error names what in the config is wrong.
  virtual Result<nlohmann::ordered_json> setup_help(const nlohmann::json& config, const KindParts& parts,
                                                    bool draft) const = 0;

  // Its part of a destination's status: what it delivers to (for lists), and all of it.
  virtual nlohmann::ordered_json target_json(const catalog::Destination& destination) const = 0;
  virtual nlohmann::ordered_json status_json(const exporting::DestinationStatus& /*status*/) const {
    return nlohmann::ordered_json::object();
  }
  // What to do about a problem of it, with what is known of the traffic.
  virtual std::string remedy(const exporting::Problem& problem, const exporting::DestinationStatus& /*status*/) const {
    return problem.remedy;
  }
  virtual std::vector<KindMetric> metrics(const exporting::SinkStats& /*stats*/) const { return {}; }
  // Null: it has none.
  virtual const CostCalculator* cost() const { return nullptr; }
};

// The kinds that a program knows, in the order in which they are shown.
class KindList final : public catalog::DestinationKinds {
 public:
  // Under different names. A list that destinations are read with has one at least.
  explicit KindList(std::vector<std::unique_ptr<const DestinationKind>> kinds);

  const std::vector<std::unique_ptr<const DestinationKind>>& all() const { return kinds_; }
  // Null when there is none of that name.
  const DestinationKind* find(std::string_view name) const;
  // Of a destination that was read with this list.
  const DestinationKind& of(const catalog::Destination& destination) const;
  // Of all kinds: a destination may have had another one.
  std::vector<exporting::SealedEvents> sealed_in(storage::FileSystem& files, const std::string& folder) const;

  const catalog::SettingsKind* settings_kind(std::string_view name) const override { return find(name); }
  std::vector<std::string_view> names() const override;

 private:
  const std::vector<std::unique_ptr<const DestinationKind>> kinds_;
};

}  // namespace sluice::destinations
