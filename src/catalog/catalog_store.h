// Where a catalog that is managed while the server runs is kept. Narrow on purpose: documents with revisions, changed
// together or not at all, each change with its entry in the audit log. The embedded one is SQLite
// (catalog/sqlite_store.h); one that is replicated can stand in its place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::catalog {

// `secret`: what the server keeps for itself, such as what ids of events are derived with. `deleted_destination`: of
// one that its owner deleted, until nothing of it is left on disk. Stored as numbers: add at the end.
enum class DocumentKind : std::uint8_t {
  project,
  environment,
  flag,
  destination,
  token,
  role,
  secret,
  deleted_destination
};

struct Document {
  DocumentKind kind = DocumentKind::project;
  std::string id;  // unique within the kind
  std::uint64_t revision = 0;
  std::string json;  // an object
};

// One document to be written, or removed. `expected_revision` is what it must have now; 0: it must not be there.
struct DocumentChange {
  Document document;  // `revision` is set by the store: the expected one + 1
  std::uint64_t expected_revision = 0;
  bool remove = false;
};

struct AuditEntry {
  std::string id;  // 24 hex digits
  std::int64_t at_ms = 0;
  std::string member;         // JSON object: who
  std::string action;         // "createDestination"
  std::string target;         // "proj/web:env/production:destination/610addeadbeefaa86ec9a7d4"
  std::string title;          // for people: "anna created the destination orders stream"
  std::string comment;        // empty: none
  std::string before, after;  // JSON as the API shows it; empty: there was or is none
};

struct AuditQuery {
  std::size_t limit = 20;
  std::optional<std::int64_t> before_ms, after_ms;
  std::string id;    // of one entry; empty: all
  std::string text;  // in title, target or comment; empty: all
};

// Events exported within one hour. In a query's answer, the hour and what it did not group by may be empty.
struct UsageRow {
  std::int64_t hour_ms = 0;          // where it begins, UTC
  std::string destination;           // ids, 24 hex digits
  std::string kind;                  // "feature"
  std::string project, environment;  // keys
  std::uint64_t events = 0;
};
struct UsageQuery {
  std::int64_t from_ms = 0, to_ms = INT64_MAX;
  std::string project, environment, kind, destination;  // empty: all
};

enum class StoreFault : std::uint8_t { conflict, failed };
struct StoreError {
  StoreFault fault;
  std::string message;
};
template <typename T>
using StoreResult = tl::expected<T, StoreError>;

// Any thread; calls wait for one another.
class CatalogStore {
 public:
  virtual ~CatalogStore() = default;
  virtual StoreResult<std::vector<Document>> list(DocumentKind kind) = 0;
  // All of it or nothing, on disk when it returns. A revision that is not as expected is a conflict. An `audit` without
  // an id is not kept: what the server writes for itself.
  virtual StoreResult<void> commit(const std::vector<DocumentChange>& changes, const AuditEntry& audit) = 0;
  virtual StoreResult<std::vector<AuditEntry>> audit(const AuditQuery& query) = 0;  // newest first
  // Adds to what is there of the same hour, destination and kind.
  virtual StoreResult<void> add_usage(const std::vector<UsageRow>& rows) = 0;
  virtual StoreResult<std::vector<UsageRow>> usage(const UsageQuery& query) = 0;  // by hour
  // A whole copy at `path`, taken while the store is in use.
  virtual StoreResult<void> backup(const std::string& path) = 0;
};

}  // namespace sluice::catalog
