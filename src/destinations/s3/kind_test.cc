#include "destinations/s3/kind.h"

#include <gtest/gtest.h>

#include "base/process_environment.h"
#include "config/toml_table.h"
#include "framing/outbound_fake.h"
#include "http_client/http_transport_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::s3 {
namespace {

class NoDeadLetters final : public exporting::DeadLetterStore {
 public:
  Result<void> keep(std::span<const exporting::RejectedEvent>) override { return {}; }
};

TEST(S3Kind, keys_that_cannot_be_built_block_the_destination_and_nothing_else) {
  const std::unique_ptr<const destinations::DestinationKind> kind = s3_kind();
  http_client::HttpTransportFake transport{http_client::HttpTransportFake::When::on_demand};
  ManualClock clock;
  aws::ServerIdentity identity{transport, clock, empty_environment()};  // never asked
  storage::FakeFileSystem files{1};
  Notifier notifier;
  NoDeadLetters dead_letters;
  const destinations::KindParts parts{.transport = transport,
                                      .clock = clock,
                                      .environment = empty_environment(),
                                      .identity = identity,
                                      .catalog = {},
                                      .files = files,
                                      .data_directory = "/data",
                                      .node = "node"};
  const nlohmann::json fields = {{"bucket", "acme-flags"},
                                 {"region", "us-east-1"},
                                 {"prefix", std::string(420, 'q')},
                                 {"key_template", "{prefix}/{project}/{environment}/{node}-{first}-{last}"}};
  for (const auto& [project, message] :
       {std::pair{std::string(256, 'p'), "Shorten the prefix"}, {std::string(".."), "'..'"}}) {
    config::ConfigFaults faults;
    auto table = config::TomlTable::from_json(fields, "config", faults);
    catalog::Destination destination;
    destination.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination.project_key = project;
    destination.environment_key = std::string(256, 'e');
    destination.settings = kind->read(table).settings;
    ASSERT_TRUE(faults.empty()) << faults.text();
    using Purpose = exporting::SinkUse::Purpose;
    for (const Purpose purpose : {Purpose::delivery, Purpose::replay, Purpose::dead_letters, Purpose::test_event}) {
      const auto sink = kind->make_sink(destination, parts, notifier, dead_letters, {purpose, "1"});
      ASSERT_TRUE(sink->problem());
      EXPECT_EQ(sink->problem()->code, "settings_invalid");
      EXPECT_NE(sink->problem()->message.find(message), std::string::npos) << sink->problem()->message;
      EXPECT_FALSE(sink->has_room());
    }
  }
}

}  // namespace
}  // namespace sluice::s3
