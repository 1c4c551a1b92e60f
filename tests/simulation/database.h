// Where the managed catalog and usage are kept, in memory: it outlives the process, as a database on disk does. A
// change is there whole or not at all. Reading and writing fail at times, and a process may die while it writes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "catalog/catalog_store.h"

namespace sluice::simulation {

class Database {
 public:
  explicit Database(std::uint64_t seed) : random_(seed) {}

  // What one process works with. The database outlives it.
  std::unique_ptr<catalog::CatalogStore> connect();

  // Of a thousand calls, so many fail.
  void fail_at_times(std::uint32_t of_thousand) { failing_of_thousand_ = of_thousand; }
  // The process dies in the write that comes after so many others, before it is done or after. `die` throws.
  void die_in_write(std::uint64_t others, std::function<void()> die);
  void heal();

  // Changes of documents that are done.
  std::uint64_t commits() const { return commits_; }
  // The document that was written last.
  const std::string& last_id() const { return last_id_; }
  void put(catalog::Document document);  // as the first owner leaves it
  // As an older backup has it, without this destination; and as it was.
  void hide_destination(const std::string& id);
  void unhide();

  // Events counted, by destination (24 hex digits) and name of the kind.
  using Usage = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  const Usage& usage() const { return usage_; }
  std::uint64_t usage_of(const std::string& destination) const;
  // What was to be added last could not be.
  bool usage_failed() const { return usage_failed_; }

 private:
  class Connection;
  catalog::StoreResult<void> trouble();
  // Writes, with what may happen before and after.
  catalog::StoreResult<void> write(const std::function<catalog::StoreResult<void>()>& change);

  Random random_;
  std::uint32_t failing_of_thousand_ = 0;
  std::uint64_t dies_in_writes_ = 0;  // 0: it does not
  std::function<void()> die_;
  std::uint64_t commits_ = 0;
  std::string last_id_;
  std::map<std::pair<catalog::DocumentKind, std::string>, catalog::Document> documents_;
  std::map<std::pair<catalog::DocumentKind, std::string>, catalog::Document> hidden_;
  Usage usage_;
  bool usage_failed_ = false;
};

}  // namespace sluice::simulation
