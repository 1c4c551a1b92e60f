// Payloads as they were sent: who wants them gets nothing else, and nobody else gets them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "export/pipeline_rig_fake.h"

namespace sluice::exporting {
namespace {

TEST_F(PipelineTest, delivers_payloads_as_sent_and_nothing_else_to_who_wants_them_whatever_else_it_asks_for) {
  using enum event::EventKind;
  append_payload({feature, summary}, "POST /bulk\r\n\r\n", "[1]");
  append({feature});
  append_payload({}, "POST /mobile\r\n\r\n", std::string_view("\x1f\x8b\0\n", 4));
  append_payload({unusable}, "GET /a/{}.gif?d=W10=\r\n\r\n", "");
  destination_.wants_originals = true;
  destination_.filter.sample_one_in = 1000;
  destination_.filter.events.only = {"none"};
  destination_.filter.context_kinds.only = {"none"};
  destination_.privacy.drop = {"email"};
  destination_.fields.sdk = true;
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 3u);
  turn();
  append_payload({feature}, "POST /bulk\r\n\r\n", "[2]");
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 4u);
  sink_->answer_all(true);
  turn();
  turn();
  EXPECT_EQ(sink_->delivered(),
            (std::vector<std::string>{"POST /bulk\r\n\r\n[1]", std::string("POST /mobile\r\n\r\n\x1f\x8b\0\n", 20),
                                      "GET /a/{}.gif?d=W10=\r\n\r\n", "POST /bulk\r\n\r\n[2]"}));
  const PipelineStatus status = pipeline_->status_now();
  EXPECT_EQ(status.balance.delivered, 4u);
  EXPECT_EQ(status.balance.waiting, 0u);
  EXPECT_EQ(status.balance.missing, 0u);
  EXPECT_EQ(status.balance.filtered, 0u);
  EXPECT_EQ(status.delivered_bytes, 17u + 20 + 24 + 17);
  EXPECT_EQ(status.delivered_by_kind[static_cast<std::size_t>(original)], 4u);
}

TEST_F(PipelineTest, who_wants_events_never_gets_payloads_as_sent) {
  using enum event::EventKind;
  for (const event::EventKindRow& row : event::kEventKinds) destination_.kinds.set(row.kind, true);
  append_payload({feature, other}, "POST /bulk\r\n\r\n", "[1]");
  append_payload({}, "POST /bulk\r\n\r\n", "[2]");
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 2u);
  sink_->answer_all(true);
  turn();
  turn();
  EXPECT_EQ(sink_->delivered().size(), 2u);
  for (const std::string& record : sink_->delivered()) EXPECT_EQ(record.find("/bulk"), std::string::npos);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 0u);
}

TEST_F(PipelineTest, payloads_as_sent_go_on_behind_their_events_after_a_crash) {
  append_payload({event::EventKind::feature}, "POST /bulk\r\n\r\n", "[1]");
  append_payload({event::EventKind::feature}, "POST /bulk\r\n\r\n", "[2]");
  destination_.wants_originals = true;
  start();
  turn();
  sink_->answer_newest(2);
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
  sink_->answer_all(true);
  turn();
  EXPECT_TRUE(sink_->delivered().empty());
}

}  // namespace
}  // namespace sluice::exporting
