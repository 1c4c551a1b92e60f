#include "database.h"

namespace sluice::simulation {

using catalog::StoreError;
using catalog::StoreFault;
using catalog::StoreResult;

class Database::Connection final : public catalog::CatalogStore {
 public:
  explicit Connection(Database& database) : database_(database) {}

  StoreResult<std::vector<catalog::Document>> list(catalog::DocumentKind kind) override {
    if (auto failed = database_.trouble(); !failed) return tl::unexpected(failed.error());
    std::vector<catalog::Document> all;
    for (const auto& [key, document] : database_.documents_)
      if (key.first == kind) all.push_back(document);
    return all;
  }

  StoreResult<void> commit(const std::vector<catalog::DocumentChange>& changes, const catalog::AuditEntry&) override {
    return database_.write([&]() -> StoreResult<void> {
      auto& documents = database_.documents_;
      for (const catalog::DocumentChange& change : changes) {
        const auto found = documents.find({change.document.kind, change.document.id});
        if ((found == documents.end() ? 0 : found->second.revision) != change.expected_revision)
          return tl::unexpected(StoreError{StoreFault::conflict, "The revision is another one."});
      }
      for (const catalog::DocumentChange& change : changes) {
        if (change.remove) {
          documents.erase({change.document.kind, change.document.id});
        } else {
          catalog::Document document = change.document;
          document.revision = change.expected_revision + 1;
          database_.put(std::move(document));
        }
      }
      database_.commits_ += !changes.empty();
      return {};
    });
  }

  StoreResult<void> add_usage(const std::vector<catalog::UsageRow>& rows) override {
    database_.usage_failed_ = true;
    return database_.write([&]() -> StoreResult<void> {
      for (const catalog::UsageRow& row : rows) database_.usage_[{row.destination, row.kind}] += row.events;
      database_.usage_failed_ = false;
      return {};
    });
  }

  // Nobody asks for these in a run.
  StoreResult<std::vector<catalog::AuditEntry>> audit(const catalog::AuditQuery&) override {
    return std::vector<catalog::AuditEntry>();
  }
  StoreResult<std::vector<catalog::UsageRow>> usage(const catalog::UsageQuery&) override {
    return std::vector<catalog::UsageRow>();
  }
  StoreResult<void> backup(const std::string&) override {
    return tl::unexpected(StoreError{StoreFault::failed, "It is in memory."});
  }

 private:
  Database& database_;
};

std::unique_ptr<catalog::CatalogStore> Database::connect() { return std::make_unique<Connection>(*this); }

void Database::die_in_write(std::uint64_t others, std::function<void()> die) {
  dies_in_writes_ = others + 1;
  die_ = std::move(die);
}

void Database::heal() { failing_of_thousand_ = 0, dies_in_writes_ = 0; }

void Database::put(catalog::Document document) {
  last_id_ = document.id;
  documents_[{document.kind, document.id}] = std::move(document);
}

std::uint64_t Database::usage_of(const std::string& destination) const {
  std::uint64_t events = 0;
  for (auto at = usage_.lower_bound({destination, ""}); at != usage_.end() && at->first.first == destination; ++at)
    events += at->second;
  return events;
}

StoreResult<void> Database::trouble() {
  if (failing_of_thousand_ == 0 || random_.below(1000) >= failing_of_thousand_) return {};
  return tl::unexpected(StoreError{StoreFault::failed, "The catalog cannot be reached: simulated."});
}

StoreResult<void> Database::write(const std::function<StoreResult<void>()>& change) {
  if (auto failed = trouble(); !failed) return failed;
  const bool dies = dies_in_writes_ > 0 && --dies_in_writes_ == 0;
  const bool done_before = dies && random_.below(2) == 0;
  if (dies && !done_before) die_();
  auto done = change();
  if (dies) die_();
  return done;
}

void Database::hide_destination(const std::string& id) {
  auto found = documents_.extract({catalog::DocumentKind::destination, id});
  if (!found.empty()) hidden_.insert(std::move(found));
}

void Database::unhide() { documents_.merge(hidden_); }

}  // namespace sluice::simulation
