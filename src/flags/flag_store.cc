#include "flags/flag_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/log.h"
#include "storage/whole_file.h"

namespace sluice::flags {
namespace {

// Read and written at a time.
constexpr std::size_t kPieceBytes = 1u << 20;

// A flag's line has at most 64 values of 256 bytes, each byte of them escaped: a tenth of this.
constexpr std::size_t kLongestLine = 1u << 20;

// Lines into a file from `offset` on, in pieces. After an error nothing more is written.
class LineWriter {
 public:
  LineWriter(storage::File& file, std::uint64_t offset) : file_(file), offset_(offset) {}
  void add(std::string_view line) {
    piece_.append(line);
    if (piece_.size() >= kPieceBytes) flush();
  }
  // All of it written and synced.
  storage::FileResult<void> finish() {
    flush();
    if (!result_ || !wrote_) return result_;
    return file_.sync_data();
  }
  std::uint64_t offset() const { return offset_; }

 private:
  void flush() {
    if (piece_.empty() || !result_) return;
    result_ = file_.write_at(offset_, piece_);
    offset_ += piece_.size();
    wrote_ = true;
    piece_.clear();
  }
  storage::File& file_;
  std::uint64_t offset_;
  std::string piece_;
  bool wrote_ = false;
  storage::FileResult<void> result_;
};

}  // namespace

struct FlagStore::State {
  const std::string directory, path, old_path;
  FlagRegistry& registry;
  storage::FileSystem& files;
  State(const std::string& in, FlagRegistry& of, storage::FileSystem& on)
      : directory(in),
        path(in + "/flags.ndjson"),
        old_path(in + "/flags.json"),
        registry(of),
        files(on),
        unsaved(on.unsaved(), storage::UnsavedKind::seen_flags) {}
  std::unique_ptr<storage::File> file;  // null: none yet, or it is not as it should be, and is written anew
  std::uint64_t size = 0;
  std::uint32_t saves = 0;
  storage::UnsavedFile unsaved;

  std::atomic<bool> stopping{false};
  Notifier notifier;
  std::unique_ptr<Worker> worker;

  void note(const storage::FileResult<void>& saved) {
    if (saved) return unsaved.saved();
    file.reset();
    if (unsaved.failed(saved.error().message))
      log_warn("flags.not_saved", {{"path", path}, {"reason", saved.error().message}});
  }

  bool too_long() const {
    std::uint64_t bytes = kFlagFileSlackBytes;
    for (const FlagUsage& share : registry.usage()) bytes += 2 * share.bytes;
    return size > bytes;
  }

  void save(bool last) {
    if (!file || too_long()) return note(write_anew());
    const bool counts = last || ++saves % kFlagCountsEvery == 0;
    LineWriter writer(*file, size);
    registry.save_changed(counts, [&](std::string_view line) { writer.add(line); });
    const auto written = writer.finish();
    size = writer.offset();
    note(written);
  }

  storage::FileResult<void> write_anew() {
    file.reset();
    const std::string beside = path + ".new";
    if (auto removed = files.remove(beside); !removed && removed.error().fault != storage::FileFault::not_found)
      return removed;
    auto opened = files.open(beside, true);
    if (!opened) return tl::unexpected(opened.error());
    LineWriter writer(**opened, 0);
    registry.save_all([&](std::string_view line) { writer.add(line); });
    if (auto written = writer.finish(); !written) return written;
    if (auto renamed = files.rename(beside, path); !renamed) return renamed;
    (*opened)->renamed(path);
    if (auto synced = files.sync_directory(directory); !synced) return synced;
    file = std::move(*opened);
    size = writer.offset();
    return {};
  }

  std::int64_t step() {
    const bool last = stopping;
    save(last);
    return last ? kWorkerDone : kFlagStoreIntervalMs * 1000;
  }

  // Which flags were seen is not worth a start that is refused for ever: the file can be moved away.
  tl::unexpected<Error> cannot(const storage::FileError& error) const {
    return fail(
        fmt::format("The flags that were seen cannot be read: {} To start without them, move the file away (`mv {} "
                    "{}.aside`): flags "
                    "are known again when SDKs evaluate them, and which are exported does not change.",
                    storage::explained(error, directory), path, path));
  }

  Result<void> load() {
    auto opened = files.open(path, false);
    if (!opened && opened.error().fault == storage::FileFault::not_found) return load_old();
    if (!opened) return cannot(opened.error());
    const auto whole = (*opened)->size();
    if (!whole) return cannot(whole.error());
    std::uint64_t bad = 0;
    std::string rest;  // a line that has not ended yet
    for (std::uint64_t at = 0; at < *whole;) {
      const std::size_t before = rest.size();
      rest.resize(before + std::min<std::uint64_t>(kPieceBytes, *whole - at));
      const auto read = (*opened)->read_at(at, rest.data() + before, rest.size() - before);
      if (!read) return cannot(read.error());
      rest.resize(before + *read);
      if (*read == 0) break;
      at += *read;
      std::string_view lines = rest;
      for (std::size_t end = 0; (end = lines.find('\n')) != std::string_view::npos; lines.remove_prefix(end + 1))
        bad += !registry.load_line(lines.substr(0, end));
      rest.erase(0, rest.size() - lines.size());
      if (rest.size() <= kLongestLine) continue;
      rest.clear();
      ++bad;
    }
    bad += !rest.empty();
    size = *whole;
    if (bad == 0) {
      file = std::move(*opened);
      return {};
    }
    // A last line that a crash cut is no damage worth a word; the file is written anew either way.
    if (bad > 1 || rest.empty())
      log_warn("flags.unreadable", {{"path", path}, {"lines_skipped", bad}, {"kept_as", path + ".damaged"}});
    else
      return {};
    if (const auto moved = files.rename(path, path + ".damaged"); !moved) return cannot(moved.error());
    return {};
  }

  Result<void> set_aside(const std::string& as, const std::string& reason) {
    log_warn("flags.unreadable", {{"path", old_path}, {"reason", reason}, {"kept_as", as}});
    if (const auto moved = files.rename(old_path, as); !moved) return cannot(moved.error());
    return {};
  }

  Result<void> load_old() {
    const auto opened = files.open(old_path, false);
    if (!opened && opened.error().fault == storage::FileFault::not_found) return {};
    const auto bytes = opened ? (*opened)->size() : tl::unexpected(opened.error());
    if (!bytes) return cannot(bytes.error());
    if (*bytes > kMaxOldFlagFileBytes) return set_aside(old_path + ".too-large", "it is larger than Sluice reads");
    const auto text = storage::read_whole(files, old_path);
    if (!text) return cannot(text.error());
    if (const auto loaded = registry.load_json(text->value_or("")); !loaded)
      return set_aside(old_path + ".damaged", loaded.error().message);
    return {};
  }
};

FlagStore::FlagStore(std::unique_ptr<State> state, Workers& workers) : state_(std::move(state)) {
  state_->worker = workers.start("flag-store", state_->notifier, [raw = state_.get()] { return raw->step(); });
}

Result<std::unique_ptr<FlagStore>> FlagStore::open(const std::string& directory, FlagRegistry& registry,
                                                   storage::FileSystem& files, Workers& workers) {
  auto state = std::make_unique<State>(directory, registry, files);
  if (auto loaded = state->load(); !loaded) return tl::unexpected(loaded.error());
  return std::unique_ptr<FlagStore>(new FlagStore(std::move(state), workers));
}

FlagStore::~FlagStore() { close(); }

void FlagStore::close() {
  if (!state_->worker) return;
  state_->stopping = true;
  state_->notifier.notify();
  state_->worker->join();
  state_->worker.reset();
}

}  // namespace sluice::flags
