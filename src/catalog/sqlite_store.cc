#include "catalog/sqlite_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "base/log.h"
#include "catalog/sqlite_schema.h"

namespace sluice::catalog {
namespace {

constexpr int kBusyTimeoutMs = 5'000;  // another process reads or backs up the file

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// One prepared statement; values are bound in the order of the calls.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql) : database_(database) {
    sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The text must outlive the statement.
  Statement& bind(std::string_view text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    return *this;
  }
  Statement& bind(std::int64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
  }
  // True: a row is there to be read.
  bool step() {
    status_ = statement_ == nullptr ? sqlite3_errcode(database_) : sqlite3_step(statement_);
    return status_ == SQLITE_ROW;
  }
  bool good() const { return status_ == SQLITE_ROW || status_ == SQLITE_DONE; }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? std::string()
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int status_ = SQLITE_DONE;
};

class SqliteStore final : public CatalogStore {
 public:
  SqliteStore(Database database, std::string path, DocumentCipher cipher)
      : database_(std::move(database)), path_(std::move(path)), cipher_(std::move(cipher)) {}

  Result<void> prepare() {
    for (const char* pragma :
         {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA trusted_schema=OFF", "PRAGMA secure_delete=ON"})
      if (!run(pragma)) return fail(fmt::format("{} is no catalog that can be opened: {}.{}", path_, why(), remedy()));
    std::int64_t version = 0;
    {
      Statement read(database_.get(), "PRAGMA user_version");
      if (!read.step()) return fail(fmt::format("{} cannot be read: {}.{}", path_, why(), remedy()));
      version = read.number(0);
    }
    const auto newest = static_cast<std::int64_t>(kSchemaSteps.size());
    if (version > newest)
      return fail(
          fmt::format("{} was written by a newer Sluice (schema {}, this one knows {}). Use that one, or "
                      "restore a backup.",
                      path_, version, newest));
    for (; version < newest; ++version) {
      const std::string step = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                           kSchemaSteps[static_cast<std::size_t>(version)], version + 1);
      if (run(step.c_str())) continue;
      const std::string reason = why();
      run("ROLLBACK");
      return fail(fmt::format(
          "{} could not be brought to schema {}: {}. Check the disk, and the permissions of the file and its folder. "
          "Nothing was changed.",
          path_, version + 1, reason));
    }
    if (auto sealed = seal_as_told(); !sealed) return sealed;
    // The log may hold pages as they were before they were sealed.
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    return {};
  }

  StoreResult<std::vector<Document>> list(DocumentKind kind) override {
    const std::lock_guard lock(mutex_);
    std::vector<Document> documents;
    Statement rows(database_.get(), "SELECT id, revision, json FROM document WHERE kind = ? ORDER BY id");
    rows.bind(static_cast<std::int64_t>(kind));
    while (rows.step()) {
      auto json = cipher_.open(sealed_name(static_cast<std::int64_t>(kind), rows.text(0)), rows.text(2));
      if (!json) return tl::unexpected<StoreError>({StoreFault::failed, unreadable(json.error()).message});
      documents.push_back({kind, rows.text(0), static_cast<std::uint64_t>(rows.number(1)), std::move(*json)});
    }
    if (!rows.good()) return failed("read");
    return documents;
  }

  StoreResult<void> commit(const std::vector<DocumentChange>& changes, const AuditEntry& audit) override {
    const std::lock_guard lock(mutex_);
    if (is_gone())
      return tl::unexpected<StoreError>(
          {StoreFault::failed,
           fmt::format("The catalog {} was removed or replaced while Sluice runs. Nothing was changed. Put the file "
                       "back, or restore a backup, and restart Sluice.",
                       path_)});
    if (!run("BEGIN IMMEDIATE")) return failed("written");
    for (const DocumentChange& change : changes) {
      auto done = apply(change);
      if (done) continue;
      run("ROLLBACK");
      return done;
    }
    if ((!audit.id.empty() && !insert(audit)) || !run("COMMIT")) {
      auto error = failed("written");
      run("ROLLBACK");
      return error;
    }
    return {};
  }

  StoreResult<std::vector<AuditEntry>> audit(const AuditQuery& query) override {
    const std::lock_guard lock(mutex_);
    const std::string like = "%" + query.text + "%", id = query.id.empty() ? "%" : query.id;
    std::vector<AuditEntry> entries;
    Statement rows(database_.get(),
                   "SELECT id, at_ms, member, action, target, title, comment, before, after FROM audit "
                   "WHERE at_ms < ? AND at_ms > ? AND id LIKE ? AND (title LIKE ? OR target LIKE ? OR comment LIKE ?) "
                   "ORDER BY sequence DESC LIMIT ?");
    rows.bind(query.before_ms.value_or(INT64_MAX)).bind(query.after_ms.value_or(INT64_MIN));
    rows.bind(id);
    rows.bind(like).bind(like).bind(like).bind(static_cast<std::int64_t>(query.limit));
    while (rows.step())
      entries.push_back({rows.text(0), rows.number(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5),
                         rows.text(6), rows.text(7), rows.text(8)});
    if (!rows.good()) return failed("read");
    return entries;
  }

  StoreResult<void> add_usage(const std::vector<UsageRow>& rows) override {
    const std::lock_guard lock(mutex_);
    if (!run("BEGIN IMMEDIATE")) return failed("written");
    for (const UsageRow& row : rows) {
      Statement add(
          database_.get(),
          "INSERT INTO usage (hour_ms, destination, kind, project, environment, events) VALUES (?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (hour_ms, destination, kind) DO UPDATE SET events = events + excluded.events");
      add.bind(row.hour_ms).bind(row.destination).bind(row.kind).bind(row.project).bind(row.environment);
      add.bind(static_cast<std::int64_t>(row.events)).step();
      if (add.good()) continue;
      auto error = failed("written");
      run("ROLLBACK");
      return error;
    }
    if (run("COMMIT")) return {};
    auto error = failed("written");
    run("ROLLBACK");
    return error;
  }

  StoreResult<std::vector<UsageRow>> usage(const UsageQuery& query) override {
    const std::lock_guard lock(mutex_);
    Statement rows(
        database_.get(),
        "SELECT hour_ms, destination, kind, project, environment, events FROM usage WHERE hour_ms >= ?1 AND "
        "hour_ms < ?2 AND (?3 = '' OR project = ?3) AND (?4 = '' OR environment = ?4) AND (?5 = '' OR kind = "
        "?5) AND (?6 = '' OR destination = ?6) ORDER BY hour_ms");
    rows.bind(query.from_ms).bind(query.to_ms).bind(query.project).bind(query.environment).bind(query.kind);
    rows.bind(query.destination);
    std::vector<UsageRow> found;
    while (rows.step())
      found.push_back({rows.number(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4),
                       static_cast<std::uint64_t>(rows.number(5))});
    if (!rows.good()) return failed("read");
    return found;
  }

  StoreResult<void> backup(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    Statement copy(database_.get(), "VACUUM INTO ?");
    copy.bind(path).step();
    if (!copy.good()) return failed("copied to " + path);
    return {};
  }

 private:
  // What is authenticated with a sealed document.
  // What is written to a file that nobody can open any more would be lost.
  bool is_gone() {
    int moved = 0;
    return sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
  }
  static std::string sealed_name(std::int64_t kind, std::string_view id) { return fmt::format("{}/{}", kind, id); }

  Error unreadable(const Error& why_not) const {
    return {
        fmt::format("The catalog {} cannot be read: {}. Give the key that it was written with in catalog.key_file or "
                    "SLUICE_CATALOG_KEY, or restore a backup. Nothing was changed.",
                    path_, why_not.message)};
  }

  // Every document as the cipher would write it now. Free pages, which may hold what was deleted before secure_delete
  // was on, go first: a process that ends at any point here leaves the catalog as it was, or sealed whole.
  Result<void> seal_as_told() {
    struct Row {
      std::int64_t kind;
      std::string id, json;
    };
    std::vector<Row> changed;
    {
      Statement rows(database_.get(), "SELECT kind, id, json FROM document");
      while (rows.step()) {
        const std::string stored = rows.text(2);
        auto json = cipher_.open(sealed_name(rows.number(0), rows.text(1)), stored);
        if (!json) return tl::unexpected(unreadable(json.error()));
        if (!cipher_.is_current(stored)) changed.push_back({rows.number(0), rows.text(1), std::move(*json)});
      }
      if (!rows.good()) return fail(fmt::format("{} cannot be read: {}.{}", path_, why(), remedy()));
    }
    if (changed.empty()) return {};
    const auto not_written = [&] {
      const std::string reason = why();
      run("ROLLBACK");
      return fail(
          fmt::format("The catalog {} could not be written under its new key: {}. It is as it was. Check the disk.",
                      path_, reason));
    };
    if (!run("VACUUM") || !run("BEGIN IMMEDIATE")) return not_written();
    for (const Row& row : changed) {
      const std::string sealed = cipher_.seal(sealed_name(row.kind, row.id), row.json);
      Statement write(database_.get(), "UPDATE document SET json = ? WHERE kind = ? AND id = ?");
      write.bind(sealed).bind(row.kind).bind(row.id).step();
      if (!write.good()) return not_written();
    }
    if (!run("COMMIT") || !run("VACUUM")) return not_written();
    log_info("catalog.sealed", {{"documents", changed.size()}, {"encrypted", cipher_.seals()}});
    return {};
  }

  bool run(const char* sql) { return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK; }
  std::string why() const { return sqlite3_errmsg(database_.get()); }
  // A full disk or a wrong permission is no reason to replace the file.
  std::string_view remedy() const {
    const int code = sqlite3_errcode(database_.get()) & 0xff;
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT
               ? " Put the newest backup in its place (sluice backup makes one), or the file as it was."
               : " Check the disk, and the permissions of the file and its folder.";
  }
  tl::unexpected<StoreError> failed(std::string_view what) const {
    return tl::unexpected<StoreError>(
        {StoreFault::failed, fmt::format("The catalog {} cannot be {}: {}. Check the disk.", path_, what, why())});
  }

  bool insert(const AuditEntry& audit) {
    Statement statement(database_.get(),
                        "INSERT INTO audit (id, at_ms, member, action, target, title, comment, before, after) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    statement.bind(audit.id).bind(audit.at_ms).bind(audit.member).bind(audit.action).bind(audit.target);
    statement.bind(audit.title).bind(audit.comment).bind(audit.before).bind(audit.after).step();
    return statement.good();
  }
  StoreResult<void> apply(const DocumentChange& change) {
    const Document& document = change.document;
    const auto kind = static_cast<std::int64_t>(document.kind);
    const auto expected = static_cast<std::int64_t>(change.expected_revision);
    constexpr std::string_view kRemove = "DELETE FROM document WHERE kind = ? AND id = ? AND revision = ?";
    constexpr std::string_view kUpdate =
        "UPDATE document SET revision = revision + 1, json = ? WHERE kind = ? AND id = ? AND revision = ?";
    constexpr std::string_view kInsert =
        "INSERT INTO document (kind, id, revision, json) VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING";
    const bool inserts = expected == 0;
    const std::string json = change.remove ? "" : cipher_.seal(sealed_name(kind, document.id), document.json);
    Statement write(database_.get(), inserts ? kInsert : change.remove ? kRemove : kUpdate);
    if (inserts) {
      write.bind(kind).bind(document.id).bind(json);
    } else {
      if (!change.remove) write.bind(json);
      write.bind(kind).bind(document.id).bind(expected);
    }
    write.step();
    if (!write.good()) return failed("written");
    if (sqlite3_changes(database_.get()) == 1) return {};
    return tl::unexpected<StoreError>({StoreFault::conflict, "Someone else changed it in the meantime."});
  }

  std::mutex mutex_;
  Database database_;
  const std::string path_;
  const DocumentCipher cipher_;
};

}  // namespace

namespace {

Result<std::unique_ptr<CatalogStore>> open_at(const std::string& path, DocumentCipher cipher, int flags) {
  // Made first, so that it is never readable for others; SQLite gives its -wal and -shm the same mode.
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600);
  if (file < 0)
    return fail(fmt::format("The catalog {} cannot be opened: {}. Fix the permissions of its directory.", path,
                            std::generic_category().message(errno)));
  ::close(file);
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  Database database(opened);
  if (status != SQLITE_OK)
    return fail(fmt::format(
        "The catalog {} cannot be opened: {}. Check the disk, and the permissions of the file and its folder.", path,
        sqlite3_errstr(status)));
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  auto store = std::make_unique<SqliteStore>(std::move(database), path, std::move(cipher));
  if (auto prepared = store->prepare(); !prepared) return tl::unexpected(prepared.error());
  return store;
}

// Under another name first: an empty file at `path` is then never ours, but something lost.
Result<void> create(const std::string& path, const DocumentCipher& cipher) {
  const std::string beside = path + ".new";
  for (const char* end : {"", "-wal", "-shm"}) (void)::unlink((beside + end).c_str());
  auto made = open_at(beside, cipher, O_CREAT);
  if (!made) return tl::unexpected(made.error());
  made->reset();  // SQLite writes all of it into the file, and syncs it
  // The log of a catalog that is gone: SQLite would take it for this one's, and write what it holds over it.
  (void)::rename((path + "-wal").c_str(), (path + "-wal.orphan").c_str());
  (void)::unlink((path + "-shm").c_str());
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const int folder = ::rename(beside.c_str(), path.c_str()) == 0
                         ? ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                         : -1;
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (synced) return {};
  return fail(fmt::format("The catalog {} cannot be created: {}. Fix the permissions of its directory, or the disk.",
                          path, std::generic_category().message(error)));
}

}  // namespace

Result<std::unique_ptr<CatalogStore>> open_sqlite_store(const std::string& path, DocumentCipher cipher) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    if (auto created = create(path, cipher); !created) return tl::unexpected(created.error());
  } else if (S_ISREG(status.st_mode) && status.st_size == 0) {
    return fail(
        fmt::format("The catalog {} is an empty file: what it held is lost. Restore it from a backup (sluice "
                    "backup), or remove the file to begin with an empty catalog.",
                    path));
  }
  return open_at(path, std::move(cipher), 0);
}

}  // namespace sluice::catalog
