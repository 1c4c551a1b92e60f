#include "export/pipeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "export/limits.h"
#include "export/sink_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::exporting {
namespace {

const ObjectId kPipelineProject = *ObjectId::parse("5744c96707c9900708000004");
const ObjectId kPipelineEnvironment = *ObjectId::parse("578d1e02d2943862c52b9686");
const ObjectId kOtherEnvironment = *ObjectId::parse("578d1e02d2943862c52b9687");

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    std::filesystem::remove_all(directory_);
    destination_.id = *ObjectId::parse("610addeadbeefaa86ec9a7d4");
    destination_.environment_id = kPipelineEnvironment;
    destination_.name = "flags";
    destination_.from_oldest = true;
    limits_.segment_bytes = 1 << 20;
    limits_.max_bytes = 64 << 20;
    limits_.min_free_bytes = 0;
    open();
  }
  ~PipelineTest() override {
    pipeline_.reset();
    journal_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    auto journal = journal::Journal::open(directory_ + "/journal", limits_, *files_, system_clock_);
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = std::move(*journal);
  }

  void start(std::size_t room = 100) {
    auto cursor = journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_);
    ASSERT_TRUE(cursor) << cursor.error().message;
    auto sink = std::make_unique<FakeSink>(room);
    sink_ = sink.get();
    pipeline_ = std::make_unique<Pipeline>(destination_, *journal_, std::move(*cursor), std::move(sink), clock_);
  }

  // As a process that dies: nothing is saved that was not.
  void crash() {
    pipeline_.reset();
    journal_.reset();
    open();
  }

  // An entry of `kinds.size()` events; returns when it is durable.
  void append(const std::vector<event::EventKind>& kinds, ObjectId environment = kPipelineEnvironment,
              std::size_t pad_bytes = 0) {
    begin_entry(kinds, environment, pad_bytes);
    append_entry(environment);
  }

  // The same with the payload as it was sent behind them.
  void append_payload(const std::vector<event::EventKind>& kinds, std::string_view head, std::string_view body) {
    begin_entry(kinds, kPipelineEnvironment, 0);
    writer_.set_original(head, body);
    append_entry(kPipelineEnvironment);
  }

  void begin_entry(const std::vector<event::EventKind>& kinds, ObjectId environment, std::size_t pad_bytes) {
    writer_.begin(kPipelineProject, environment, 1'700'000'000'000, {});
    for (const event::EventKind kind : kinds) {
      const std::string pad = pad_bytes == 0 ? "" : R"(,"pad":")" + std::string(pad_bytes, 'x') + '"';
      writer_.json() += fmt::format(R"({{"kind":"{}","n":{}{}}})", event::event_kind_name(kind), next_++, pad);
      writer_.end_event(kind, 2, false, 0, 0);
    }
  }

  void append_entry(ObjectId environment) {
    journal::AppendRequest request;
    request.environment = environment;
    request.received_ms = 1'700'000'000'000;
    request.counts = writer_.counts();
    writer_.finish(request.entry);
    std::promise<journal::AppendOutcome> outcome;
    request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
  }

  // Bytes that are no entry, of that format, counted as one feature event.
  void append_format(char format) {
    journal::AppendRequest request;
    request.environment = kPipelineEnvironment;
    request.received_ms = 1'700'000'000'000;
    request.counts[static_cast<std::size_t>(event::EventKind::feature)] = 1;
    request.entry.assign(100, '\0');
    request.entry[0] = format;
    std::promise<journal::AppendOutcome> outcome;
    request.done = [&](journal::AppendOutcome result) { outcome.set_value(result); };
    journal_->append(std::move(request));
    ASSERT_EQ(outcome.get_future().get(), journal::AppendOutcome::durable);
  }

  void expect_balance(const char* when) {
    const Balance balance = pipeline_->status_now().balance;
    EXPECT_EQ(balance.accepted, balance.delivered + balance.waiting + balance.dead_lettered + balance.missing) << when;
  }
  void turn() {
    clock_.advance_us(kCursorIntervalUs + 1);
    pipeline_->step();
    expect_balance("after a turn");
  }

  const std::string directory_ = testing::TempDir() + "pipeline_test_data";
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  SystemClock system_clock_;
  ManualClock clock_;
  journal::JournalLimits limits_;
  std::unique_ptr<journal::Journal> journal_;
  catalog::Destination destination_;
  std::unique_ptr<Pipeline> pipeline_;
  FakeSink* sink_ = nullptr;
  event::EntryWriter writer_;
  int next_ = 0;
};

TEST_F(PipelineTest, delivers_the_kinds_that_the_destination_wants_and_counts_the_others_nowhere) {
  append(
      {event::EventKind::feature, event::EventKind::summary, event::EventKind::identify, event::EventKind::unusable});
  append({event::EventKind::feature}, kOtherEnvironment);
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2u);
  sink_->answer_all(true);
  turn();
  ASSERT_EQ(sink_->delivered().size(), 2u);
  EXPECT_EQ(sink_->delivered()[0],
            "{\"project\":\"5744c96707c9900708000004\",\"environment\":\"578d1e02d2943862c52b9686\",\"event\":{"
            "\"kind\":\"feature\",\"n\":0},\"version\":2}\n");
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
}

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

TEST_F(PipelineTest, a_new_destination_starts_now_unless_told_otherwise) {
  append({event::EventKind::feature});
  destination_.from_oldest = false;
  start();
  append({event::EventKind::custom});
  sink_->answer_all(true);
  turn();
  ASSERT_EQ(sink_->delivered().size(), 1u);
  EXPECT_NE(sink_->delivered()[0].find("custom"), std::string::npos);
}

TEST_F(PipelineTest, a_new_destination_keeps_its_place_from_its_first_moment) {
  destination_.from_oldest = false;
  start();
  append({event::EventKind::feature});
  crash();
  start();
  sink_->answer_all(true);
  turn();
  EXPECT_EQ(sink_->delivered().size(), 1u);
}

TEST_F(PipelineTest, goes_on_inside_an_entry_and_repeats_only_what_was_not_saved) {
  append({event::EventKind::feature, event::EventKind::summary, event::EventKind::custom, event::EventKind::identify,
          event::EventKind::feature});
  start(2);
  turn();
  EXPECT_EQ(sink_->inside(), 2u);
  sink_->answer_newest(2);
  turn();
  turn();
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.accepted, 4u);
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2u);
  sink_->answer_all(true);
  turn();
  EXPECT_EQ(sink_->delivered().size(), 2u);
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 4u);
}

TEST_F(PipelineTest, answers_that_overtake_each_other_lose_nothing_in_a_crash) {
  for (int i = 0; i < 10; ++i)
    append({event::EventKind::feature, event::EventKind::feature, event::EventKind::feature});
  start(9);
  turn();
  sink_->answer_newest(8);  // all but the first: the cursor must not move
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 8u);
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 30u);
  sink_->answer_all(true);
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 30u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
}

TEST_F(PipelineTest, counts_dead_letters_apart) {
  append({event::EventKind::feature, event::EventKind::custom, event::EventKind::feature});
  start();
  sink_->refuse("custom");
  sink_->answer_all(true);
  turn();
  const Balance balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.delivered, 2u);
  EXPECT_EQ(balance.dead_lettered, 1u);
  EXPECT_EQ(balance.waiting, 0u);
  turn();
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.dead_lettered, 1u);
}

TEST_F(PipelineTest, a_sink_without_answers_bounds_what_is_read) {
  for (int i = 0; i < 200; ++i) append(std::vector<event::EventKind>(10, event::EventKind::feature));
  start(50);
  for (int i = 0; i < 20; ++i) turn();
  EXPECT_EQ(sink_->inside(), 50u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 2000u);
  EXPECT_GT(pipeline_->status_now().waiting_bytes, 0u);
  EXPECT_EQ(pipeline_->status_now().oldest_received_ms, 1'700'000'000'000);
}

TEST_F(PipelineTest, entries_of_other_environments_do_not_hold_the_journal) {
  start();
  for (int i = 0; i < 50; ++i) append({event::EventKind::feature}, kOtherEnvironment);
  const journal::Position before = journal_->end();
  clock_.advance_us(kIdleCursorIntervalUs + 1);
  pipeline_->step();
  pipeline_->step();
  pipeline_.reset();
  auto cursor = journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_);
  ASSERT_TRUE(cursor && (*cursor)->loaded());
  EXPECT_EQ((*cursor)->loaded()->position, before);
}

// Stands for an entry of a later Sluice: its checksum holds, and its first byte is a format that is not known.
TEST_F(PipelineTest, an_entry_of_a_later_version_blocks_and_is_not_skipped) {
  append({event::EventKind::feature});
  append_format(2);
  append({event::EventKind::feature});
  start();
  sink_->answer_all(true);
  for (int i = 0; i < 30; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 1u) << "nothing behind it is delivered";
  const PipelineStatus status = pipeline_->status_now();
  ASSERT_TRUE(status.problem);
  EXPECT_EQ(status.problem->code, "entry_format_unknown");
  EXPECT_EQ(status.problem->weight, Problem::Weight::setup);
  EXPECT_EQ(status.balance.waiting, 2u);
  EXPECT_EQ(status.balance.missing, 0u);
  EXPECT_LT(status.position, journal_->end());
}

// A fault of the writer, not another version: told, counted as missing, and not in the others' way.
TEST_F(PipelineTest, an_entry_of_this_version_that_is_wrong_inside_is_told_and_stepped_over) {
  append_format(1);
  append({event::EventKind::feature});
  start();
  sink_->answer_all(true);
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 1u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 1u);
  EXPECT_FALSE(pipeline_->status_now().problem);
}

TEST_F(PipelineTest, waits_for_a_journal_that_cannot_be_read_says_so_and_loses_nothing) {
  storage::FakeFileSystem files(1);
  auto opened = journal::Journal::open("/journal", limits_, files, system_clock_);
  ASSERT_TRUE(opened);
  journal_ = std::move(*opened);
  for (int i = 0; i < 10; ++i) append({event::EventKind::feature});
  const auto start_here = [&] {
    auto cursor = journal::CursorFile::open("/cursors", destination_.id, files);
    auto sink = std::make_unique<FakeSink>(100);
    sink_ = sink.get();
    sink_->answer_all(true);
    pipeline_ = std::make_unique<Pipeline>(destination_, *journal_, std::move(*cursor), std::move(sink), clock_);
  };
  start_here();
  for (int i = 0; i < 3; ++i) turn();
  ASSERT_EQ(sink_->delivered().size(), 10u);
  files.fail_read(".segment", static_cast<std::uint32_t>(journal_->end().value) + 10);
  for (int i = 0; i < 3; ++i) append({event::EventKind::feature});
  for (int i = 0; i < 30; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 10u);
  ASSERT_TRUE(pipeline_->status_now().problem);
  EXPECT_EQ(pipeline_->status_now().problem->code, "journal_read_failed");
  EXPECT_EQ(pipeline_->status_now().problem->weight, Problem::Weight::transient);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 3u);
  // A sink without room keeps it from asking again, and it sleeps until there is room.
  sink_->answer_all(false);
  sink_->set_room(0);
  clock_.advance_us(kJournalRetryAtMostUs);
  pipeline_->step();
  EXPECT_GT(pipeline_->step(), clock_.steady_us());
  sink_->set_room(100);
  sink_->answer_all(true);
  // Made anew beside it, as after a change of settings: it cannot even count what waits.
  pipeline_->close();
  pipeline_.reset();
  start_here();
  EXPECT_GE(pipeline_->status_now().balance.waiting, 3u);
  EXPECT_EQ(pipeline_->status_now().problem->code, "journal_read_failed");
  for (int i = 0; i < 3; ++i) pipeline_->step();
  files.heal_reads();
  clock_.advance_us(kJournalRetryAtMostUs);
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(sink_->delivered().size(), 3u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 0u);
  EXPECT_FALSE(pipeline_->status_now().problem);
  pipeline_.reset();
  journal_.reset();
}

TEST_F(PipelineTest, a_step_reads_a_bounded_part_of_what_waits) {
  constexpr std::size_t kEntryBytes = 600'000;
  const std::size_t entries = 2 * kStepReadBytes / kEntryBytes + 2;
  for (std::size_t i = 0; i < entries; ++i) append({event::EventKind::feature}, kPipelineEnvironment, kEntryBytes);
  start(1'000);
  const std::int64_t next_us = pipeline_->step();
  EXPECT_GT(sink_->inside(), entries / 4);
  EXPECT_LE(sink_->inside() * kEntryBytes, kStepReadBytes + kReadBytes);
  EXPECT_LE(next_us, clock_.steady_us()) << "it reads on at once";
  for (std::size_t i = 0; i < 4; ++i) pipeline_->step();
  EXPECT_EQ(sink_->inside(), entries);
}

TEST_F(PipelineTest, what_it_publishes_is_followed_at_once_when_its_state_changes) {
  append({event::EventKind::feature});
  start();
  pipeline_->step();
  EXPECT_FALSE(pipeline_->status()->problem);
  Problem problem;
  problem.code = "AccessDeniedException";
  sink_->set_problem(problem);
  pipeline_->step();
  ASSERT_TRUE(pipeline_->status()->problem);
  sink_->set_problem(std::nullopt);
  sink_->answer_all(true);
  const std::int64_t next_us = pipeline_->step();
  EXPECT_FALSE(pipeline_->status()->problem);
  append({event::EventKind::feature});
  pipeline_->step();
  EXPECT_LE(next_us, clock_.steady_us() + kStatusIntervalUs) << "what came since is to be published too";
  clock_.advance_us(kStatusIntervalUs);
  pipeline_->step();
  EXPECT_EQ(pipeline_->status()->balance.delivered, 2u);
}

TEST_F(PipelineTest, stops_with_its_cursor_saved_once_answers_are_in) {
  append({event::EventKind::feature, event::EventKind::feature});
  start();
  pipeline_->step();
  pipeline_->stop();
  pipeline_->step();
  EXPECT_TRUE(sink_->stopped());
  EXPECT_FALSE(pipeline_->stopped());
  sink_->answer_all(true);
  pipeline_->step();
  EXPECT_TRUE(pipeline_->stopped());
  pipeline_->close();
  crash();
  start();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 0u);
}

TEST_F(PipelineTest, a_destination_that_never_answers_does_not_stop_for_ever) {
  append({event::EventKind::feature});
  start();
  pipeline_->step();
  pipeline_->stop();
  pipeline_->step();
  clock_.advance_us(kStopGraceUs + 1);
  EXPECT_TRUE(pipeline_->stopped());
}

TEST_F(PipelineTest, a_sink_is_told_where_it_begins_what_is_saved_and_how_far_was_read) {
  using enum event::EventKind;
  append({feature, summary, feature});
  append({feature}, kOtherEnvironment);
  append({summary, feature, summary});
  start();
  ASSERT_EQ(sink_->begun_at().size(), 1u);
  const EventPlace begin = sink_->begun_at().front();
  EXPECT_EQ(sink_->saved(), begin);
  turn();
  ASSERT_EQ(sink_->places_put().size(), 3u);
  EXPECT_EQ(sink_->places_put()[0], begin);
  EXPECT_EQ(sink_->places_put()[1], (EventPlace{begin.entry, 2}));
  EXPECT_EQ(sink_->places_put()[2].event, 1u);
  EXPECT_EQ(sink_->passed_place(), (EventPlace{journal_->end(), 0})) << "also what is not for it";
  EXPECT_FALSE(sink_->flushed());
  sink_->answer_all(true);
  turn();
  turn();
  EXPECT_EQ(sink_->saved()->entry, journal_->end());
}

TEST_F(PipelineTest, a_sink_that_lost_what_it_held_gets_everything_from_the_cursor_on_again_after_a_pause) {
  using enum event::EventKind;
  append({feature, feature, feature});
  append({feature, feature});
  start();
  turn();
  sink_->answer_newest(2);  // ahead of the cursor
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u);
  sink_->lose_all();
  turn();
  EXPECT_EQ(sink_->begun_at().size(), 2u);
  EXPECT_EQ(sink_->begun_at()[1], sink_->begun_at()[0]);
  EXPECT_EQ(sink_->inside(), 5u);
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 2u) << "they were";
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 3u);
  sink_->lose_all();
  turn();
  EXPECT_EQ(sink_->begun_at().size(), 2u) << "not again at once";
  clock_.advance_us(kSinkRestartUs);
  turn();
  EXPECT_EQ(sink_->begun_at().size(), 3u);
  sink_->answer_all(true);
  turn();
  turn();
  const Balance balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.delivered, 5u);
  EXPECT_EQ(balance.waiting, 0u);
  EXPECT_EQ(balance.accepted, 5u);
}

// What S3 had sealed when retention gave it up, while it was off: seeds 30000295, 70001347 and 70012160 of the
// simulation.
TEST_F(PipelineTest, what_the_sink_has_of_what_the_journal_gave_up_is_delivered_before_anything_is_read) {
  using enum event::EventKind;
  append({feature, feature, feature});
  journal::Cursor cursor;
  cursor.position = {journal_->oldest().value - 64};
  cursor.delivered_events = 7;
  cursor.expired_events = 100;
  ASSERT_TRUE((*journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_))->save(cursor));
  start();
  sink_->set_held({cursor.position, 0}, std::nullopt);
  turn();
  EXPECT_EQ(sink_->inside(), 0u) << "it is not known yet";
  EXPECT_EQ(pipeline_->status_now().balance.waiting, 3u);
  sink_->set_held({cursor.position, 0}, HeldAlone{.waiting = 20, .uploaded = 5});
  turn();
  EXPECT_EQ(sink_->inside(), 0u);
  expect_balance("some of it is uploaded");
  Balance balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.waiting, 23u);
  EXPECT_EQ(balance.delivered, 12u);
  EXPECT_EQ(balance.missing, 75u);
  pipeline_->close();
  EXPECT_EQ(sink_->saved()->entry, cursor.position) << "a start after this one waits for it too";

  start();
  sink_->set_held({cursor.position, 0}, HeldAlone{.delivered = 25, .delivered_bytes = 1'000});
  turn();
  EXPECT_EQ(sink_->inside(), 3u);
  expect_balance("all of it is uploaded");
  balance = pipeline_->status_now().balance;
  EXPECT_EQ(balance.waiting, 3u);
  EXPECT_EQ(balance.delivered, 32u);
  EXPECT_EQ(balance.missing, 75u);
  EXPECT_EQ(pipeline_->status_now().delivered_bytes, 1'000u);
  sink_->answer_all(true);
  turn();
  turn();
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 35u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 75u) << "those are lost";
}

// Events of a kind that the destination did not want any more when the journal gave them up were not counted as missed.
TEST_F(PipelineTest, what_the_sink_has_of_another_selection_leaves_what_is_missing_as_it_is) {
  journal::Cursor cursor;
  cursor.position = {journal_->oldest().value - 64};
  cursor.expired_events = 100;
  ASSERT_TRUE((*journal::CursorFile::open(directory_ + "/cursors", destination_.id, *files_))->save(cursor));
  start();
  sink_->set_held({cursor.position, 0}, HeldAlone{.waiting = 20, .uploaded = 5, .of_other_selection = 20});
  turn();
  expect_balance("some of it is uploaded");
  EXPECT_EQ(pipeline_->status_now().balance.missing, 95u);
  sink_->set_held({cursor.position, 0}, HeldAlone{.delivered = 25, .of_other_selection = 20});
  turn();
  expect_balance("all of it is uploaded");
  EXPECT_EQ(pipeline_->status_now().balance.delivered, 25u);
  EXPECT_EQ(pipeline_->status_now().balance.missing, 95u);
}

TEST_F(PipelineTest, a_sink_is_flushed_when_its_window_is_full_and_when_the_process_is_about_to_end) {
  using enum event::EventKind;
  append({feature, summary, summary, feature});
  append({feature});
  start();
  sink_->set_window(4);
  turn();
  EXPECT_EQ(sink_->inside(), 2u);
  EXPECT_TRUE(sink_->flushed());
  pipeline_.reset();
  start();
  turn();
  EXPECT_FALSE(sink_->flushed());
  pipeline_->flush();
  turn();
  EXPECT_TRUE(sink_->flushed());
}

TEST_F(PipelineTest, gives_an_event_again_from_the_journal_as_it_was_put_in) {
  using enum event::EventKind;
  append({custom, index, feature}, kPipelineEnvironment, 2'000);
  append({feature});
  start();
  pipeline_->step();
  const std::vector<EventPlace> places = sink_->places_put();
  ASSERT_EQ(places.size(), 3u);
  const char* const written[] = {R"("n":0)", R"("n":2)", R"("n":3)"};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto again = sink_->read_again()(i, places[i]);
    ASSERT_TRUE(again && *again);
    EXPECT_EQ((*again)->place(), places[i]);
    EXPECT_EQ((*again)->ticket, i);
    EXPECT_NE((*again)->slot.json.find(written[i]), std::string_view::npos) << (*again)->slot.json;
  }
  const auto beyond = sink_->read_again()(9, {places[0].entry, 7});
  EXPECT_TRUE(beyond && !*beyond) << "the entry has no such event";
}

}  // namespace
}  // namespace sluice::exporting
