#include "journal/fair_batch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "journal/journal.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

const ObjectId kVictims = *ObjectId::parse("578d1e02d2943862c52b9681");
const ObjectId kAttacked = *ObjectId::parse("578d1e02d2943862c52b9682");
constexpr CredentialKind kSdkKey = CredentialKind::sdk_key, kPublicId = CredentialKind::client_side_id;

// What goes, as a text of x and dots.
std::string batch(const std::vector<QueuedEntry>& queue, std::uint64_t max_bytes) {
  std::string text;
  for (const bool goes : fair_batch(queue, max_bytes)) text += goes ? 'x' : '.';
  return text;
}

TEST(FairBatch, has_all_that_fits_and_divides_what_does_not_by_environment_and_credential) {
  const QueuedEntry stranger{kAttacked, kPublicId, 10}, server{kAttacked, kSdkKey, 10}, victim{kVictims, kSdkKey, 10};
  EXPECT_EQ(batch({}, 100), "");
  EXPECT_EQ(batch({stranger, server, victim}, 30), "xxx");
  EXPECT_EQ(batch({stranger, stranger, stranger, stranger, server, victim}, 30), "x...xx");
  EXPECT_EQ(batch({stranger, stranger, stranger, stranger, victim}, 40), "xxx.x") << "what some do not need is others'";
  EXPECT_EQ(batch({stranger, stranger, stranger, stranger}, 30), "xxx.") << "one alone has all of it";
  EXPECT_EQ(batch({stranger, stranger, victim, victim, victim}, 40), "xxxx.");
}

TEST(FairBatch, always_has_the_oldest_and_keeps_the_order_of_a_sender) {
  const QueuedEntry large{kAttacked, kSdkKey, 500}, small{kAttacked, kSdkKey, 1}, other{kVictims, kSdkKey, 1};
  EXPECT_EQ(batch({large, other}, 100), "x.") << "a larger one goes alone";
  EXPECT_EQ(batch({small, large, small, other}, 100), "x..x") << "none of a sender goes before one that came before it";
  EXPECT_EQ(batch({other, large, small}, 100), "x..");
}

// On a disk that stands still until told, what a stranger sends waits; then a server's small entry comes.
TEST(FairBatch, lets_a_servers_entry_into_the_next_commit_whatever_waits_before_it) {
  std::mutex mutex;
  std::condition_variable changed;
  bool still = false, waits = false;
  storage::FakeFileSystem files{1};
  const SystemClock clock;
  JournalLimits limits;
  limits.segment_bytes = 16 << 20;
  limits.max_bytes = 256 << 20;
  limits.min_free_bytes = 0;
  auto journal = Journal::open("/journal", limits, files, clock);
  ASSERT_TRUE(journal) << journal.error().message;
  files.before_each_change([&] {
    std::unique_lock lock(mutex);
    waits = waits || still;
    changed.notify_all();
    changed.wait(lock, [&] { return !still; });
  });
  std::mutex order_mutex;
  std::string order;
  const auto append = [&](const ObjectId& environment, CredentialKind credential, std::size_t bytes, char name,
                          std::promise<void>* done = nullptr) {
    AppendRequest request;
    request.environment = environment;
    request.credential = credential;
    request.entry = std::string(bytes, name);
    request.done = [&order, &order_mutex, name, done](AppendOutcome outcome) {
      EXPECT_EQ(outcome, AppendOutcome::durable);
      const std::lock_guard lock(order_mutex);
      order += name;
      if (done != nullptr) done->set_value();
    };
    (*journal)->append(std::move(request));
  };
  {
    const std::lock_guard lock(mutex);
    still = true;
  }
  append(kAttacked, kPublicId, 100, 's');
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return waits; });
  }
  std::promise<void> all;
  for (int i = 0; i < 39; ++i) append(kAttacked, kPublicId, 1 << 20, 's');
  append(kAttacked, kPublicId, 1 << 20, 's', &all);
  append(kVictims, kSdkKey, 100, 'v');
  {
    const std::lock_guard lock(mutex);
    still = false;
  }
  changed.notify_all();
  all.get_future().wait();
  const std::lock_guard lock(order_mutex);
  EXPECT_LT(order.find('v'), 9u) << order << ": behind one commit of 8 MiB at most, and not behind 40 MiB";
  EXPECT_EQ(order.size(), 42u);
}

}  // namespace
}  // namespace sluice::journal
