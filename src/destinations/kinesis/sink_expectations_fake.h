// What tests of a KinesisSink expect of a rig: that nothing is lost and nothing doubled. The test's thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "destinations/kinesis/sink_rig_fake.h"

namespace sluice::kinesis {

// Whether the record is of the event with this number (make_events()).
inline bool holds(const ScriptedKinesis::Record& record, std::uint64_t number) {
  return record.data.find("\"n\":" + std::to_string(number) + ",") != std::string::npos;
}

// Every event was finished exactly once.
inline void expect_each_finished_once(const SinkRig& rig) {
  std::set<std::uint64_t> tickets;
  for (const exporting::FinishedEvent& event : rig.finished)
    EXPECT_TRUE(tickets.insert(event.ticket).second) << event.ticket;
  EXPECT_EQ(tickets.size(), rig.accepted);
  EXPECT_EQ(rig.sink->stats().events_inside, 0u);
  EXPECT_EQ(rig.sink->stats().bytes_inside, 0u);
}

inline void expect_each_stored_once(const SinkRig& rig) {
  EXPECT_EQ(rig.kinesis.stored().size(), rig.accepted);
  EXPECT_EQ(rig.kinesis.copies().size(), rig.accepted);
}

// What a proxy answers that takes no call of that size; its limit is not Kinesis'.
inline http_client::HttpResponse proxy_page() {
  http_client::HttpResponse page;
  page.status = 413;
  page.body = "<html><h1>413 Request Entity Too Large</h1></html>";
  return page;
}

}  // namespace sluice::kinesis
