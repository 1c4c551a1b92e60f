// Old SDK and mobile keys of an environment that still count for a while after a reset, so that SDKs in the field can
// be given the new key one by one. When each stops is stored in the document, beside its list of keys:
// {"key_expiries":{"sdk_keys":[0,1795470000000]}}, in epoch milliseconds, 0 for the key in force.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/worker.h"
#include "catalog/managed_catalog.h"

namespace sluice::catalog {

// Old keys of one kind that an environment keeps at most: each is one more key that opens the door.
inline constexpr std::size_t kMostOldKeys = 5;

// `field` is sdk_keys or mobile_keys, here and below. One for each key of the list.
std::vector<std::int64_t> key_expiries(const nlohmann::json& fields, const nlohmann::json& extra, const char* field);
// Puts `key` first. The one before it counts until `old_until_ms`, and those before that until their own time; 0: none
// of them counts any more.
void put_new_key(CatalogWrite& environment, const char* field, std::string key, std::int64_t old_until_ms);
// False: none had expired.
bool drop_expired_keys(CatalogWrite& environment, std::int64_t now_ms);

// Takes expired keys out of the catalog when their time has come, from a worker of its own.
class KeyExpirer {
 public:
  // All outlive it. Nothing happens before start().
  KeyExpirer(ManagedCatalog& catalog, const Clock& clock, Workers& workers = worker_threads());
  ~KeyExpirer();
  // Once.
  void start();
  // Changes the catalog no more; changed() may still be called. Any number of times, one thread.
  void stop();
  // A key may expire sooner than was known. Any thread.
  void changed() { notifier_.notify(); }

 private:
  std::int64_t step();
  ManagedCatalog& catalog_;
  const Clock& clock_;
  Workers& workers_;
  Notifier notifier_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Worker> worker_;
};

}  // namespace sluice::catalog
