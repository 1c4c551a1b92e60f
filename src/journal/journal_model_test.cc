// Random actions against the journal and against a plain list: whatever happens, the journal holds what the list says.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "base/clock_fake.h"
#include "base/random.h"
#include "base/rounds_fake.h"
#include "journal/journal.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t kSegmentBytes = 64 << 10;

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed) : random_(seed), files_(std::make_unique<storage::FakeFileSystem>(seed)) {
    limits_.segment_bytes = kSegmentBytes;
    limits_.max_bytes = 8 * kSegmentBytes;
    limits_.min_free_bytes = 0;
    limits_.retention_ms = 60'000;
    limits_.dedupe_window_ms = 30'000;
    for (std::uint8_t i = 0; i < 3; ++i) environments_[i].bytes[0] = static_cast<std::uint8_t>(i + 1);
    open();
  }

  void step() {
    switch (random_.below(40)) {
      case 0:
        journal_.reset();
        open();
        break;
      case 1:
        crash();
        break;
      case 2:
        move_hold();
        break;
      case 3:
        clock_.advance_ms(static_cast<std::int64_t>(random_.below(40'000)));
        break;
      case 4:
        files_->fail_write(random_.below(3), storage::FileFault::no_space);
        leftovers_ = true;
        break;
      case 5:
        files_->set_capacity(random_.below(2) == 0 ? files_->used_bytes() : 1ull << 40);
        clock_.advance_ms(150);
        break;
      case 6:
      case 7:
        check();
        break;
      default:
        append();
    }
  }
  void check();
  std::uint64_t stored() const { return stored_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t repeats() const { return repeats_; }

 private:
  struct Stored {
    std::string text;
    Position end;
  };

  void open() {
    auto journal = Journal::open("/journal", limits_, *files_, clock_);
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = std::move(*journal);
    journal_->hold("destination", hold_);
    journal_->drop_hold(kStartingHold);
    // Over a restart a key is known as long as its entry is kept.
    std::erase_if(keys_, [&](const auto& key) { return key.second.end < journal_->oldest(); });
  }

  // Everything was answered, so everything is synced: no kind of crash may take any of it.
  void crash() {
    if (leftovers_) return;
    const auto crash = static_cast<storage::FakeFileSystem::Crash>(random_.below(4));
    auto image = files_->after_crash(crash, random_.next());
    journal_.reset();
    files_ = std::move(image);
    open();
  }

  void move_hold() {
    if (ends_.empty()) return;
    const std::size_t from = ends_.size() > 60 ? ends_.size() - 60 : 0;
    hold_ = std::max(hold_, ends_[from + random_.below(ends_.size() - from)]);
    journal_->hold("destination", hold_);
  }

  void append() {
    const std::size_t environment = random_.below(environments_.size());
    const std::uint64_t key = random_.below(200);
    AppendRequest request;
    request.environment = environments_[environment];
    request.dedupe_key[3] = static_cast<std::uint8_t>(key);
    request.received_ms = clock_.wall_ms();
    request.counts[random_.below(12)] = 1 + random_.below(9);
    request.entry = fmt::format("{}:", next_++) + std::string(random_.below(4000), 'm');
    const std::string text = request.entry;
    std::promise<AppendOutcome> told;
    request.done = [&](AppendOutcome outcome) { told.set_value(outcome); };
    journal_->append(std::move(request));
    const AppendOutcome outcome = told.get_future().get();

    const auto known = keys_.find({environment, key});
    const bool repeat =
        key != 0 && known != keys_.end() && known->second.received_ms >= clock_.wall_ms() - limits_.dedupe_window_ms;
    ASSERT_EQ(outcome == AppendOutcome::deduplicated, repeat);
    if (repeat) {
      ++repeats_;
    } else if (outcome == AppendOutcome::durable) {
      ends_.push_back(journal_->end());
      entries_[environment].push_back({text, journal_->end()});
      keys_[{environment, key}] = {clock_.wall_ms(), journal_->end()};
      leftovers_ = false;
      ++stored_;
    } else {
      ASSERT_EQ(outcome, AppendOutcome::full);
      leftovers_ = true;
      ++refused_;
    }
  }

  Random random_;
  SharedClock clock_;
  JournalLimits limits_;
  std::array<ObjectId, 3> environments_{};
  std::unique_ptr<storage::FakeFileSystem> files_;
  std::unique_ptr<Journal> journal_;
  std::array<std::vector<Stored>, 3> entries_;
  std::vector<Position> ends_;
  struct Known {
    std::int64_t received_ms;
    Position end;
  };
  std::map<std::pair<std::size_t, std::uint64_t>, Known> keys_;
  Position hold_;
  bool leftovers_ = false;  // something refused may be whole on the disk until the next write
  int next_ = 0;
  std::uint64_t stored_ = 0, refused_ = 0, repeats_ = 0;
};

void ModelRun::check() {
  for (std::size_t environment = 0; environment < environments_.size(); ++environment) {
    const auto& expected = entries_[environment];
    std::vector<std::string> found;
    const auto reader = journal_->reader(environments_[environment], {});
    while (const auto chunk = reader->read(1 + random_.below(100'000)))
      for (const JournalEntry& entry : chunk->entries) found.emplace_back(entry.entry);
    // Retention takes from the front, never behind the hold; meanwhile, too: then the reader skips in the middle.
    std::size_t at = 0;
    for (const Stored& stored : expected) {
      if (at < found.size() && found[at] == stored.text) {
        ++at;
        continue;
      }
      ASSERT_LE(stored.end, hold_) << "lost " << stored.text.substr(0, 8);
    }
    ASSERT_EQ(at, found.size()) << "an entry that was not stored, or not here";
    ASSERT_LE(journal_->count(environments_[environment], {}, journal_->end())->entries, found.size());
  }
  const JournalStats stats = journal_->stats();
  ASSERT_EQ(stats.damaged_regions, 0u);
  ASSERT_LE(stats.segments + stats.spare_segments, 8u);
}

TEST(JournalModel, holds_what_a_plain_list_holds_whatever_happens) {
  std::uint64_t stored = 0, refused = 0, repeats = 0;
  for (std::uint64_t seed = 1; seed <= rounds(30); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ModelRun run(seed);
    for (int i = 0; i < 1000; ++i) {
      SCOPED_TRACE(fmt::format("step {}", i));
      run.step();
      if (testing::Test::HasFatalFailure()) return;
    }
    run.check();
    stored += run.stored();
    refused += run.refused();
    repeats += run.repeats();
  }
  EXPECT_GT(stored, rounds(10'000));
  EXPECT_GT(refused, rounds(100));
  EXPECT_GT(repeats, rounds(1'000));
}

}  // namespace
}  // namespace sluice::journal
