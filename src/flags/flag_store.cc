#include "flags/flag_store.h"

#include <atomic>
#include <utility>

#include "base/log.h"
#include "storage/whole_file.h"

namespace sluice::flags {

struct FlagStore::State {
  const std::string path;
  FlagRegistry& registry;
  storage::FileSystem& files;
  State(std::string at, FlagRegistry& of, storage::FileSystem& on) : path(std::move(at)), registry(of), files(on) {}
  std::string saved;
  bool failing = false;

  std::atomic<bool> stopping{false};
  Notifier notifier;
  std::unique_ptr<Worker> worker;

  void save() {
    std::string text = registry.text();
    if (text == saved) return;
    if (auto written = storage::replace_whole(files, path, text); !written) {
      if (!failing) log_warn("flags.not_saved", {{"path", path}, {"reason", written.error().message}});
      failing = true;
      return;
    }
    failing = false;
    saved = std::move(text);
  }

  std::int64_t step() {
    const bool last = stopping;
    save();
    return last ? kWorkerDone : kFlagStoreIntervalMs * 1000;
  }

  Result<void> load() {
    auto read = storage::read_whole(files, path);
    if (!read) return fail(read.error().message);
    if (!*read) return {};
    std::string text = std::move(**read);
    if (const auto taken = registry.take_text(text); !taken) {
      log_warn("flags.unreadable", {{"path", path}, {"reason", taken.error().message}, {"kept_as", path + ".damaged"}});
      if (const auto moved = files.rename(path, path + ".damaged"); !moved) return fail(moved.error().message);
      return {};
    }
    saved = std::move(text);
    return {};
  }
};

FlagStore::FlagStore(std::unique_ptr<State> state, Workers& workers) : state_(std::move(state)) {
  state_->worker = workers.start("flag-store", state_->notifier, [raw = state_.get()] { return raw->step(); });
}

Result<std::unique_ptr<FlagStore>> FlagStore::open(std::string path, FlagRegistry& registry, storage::FileSystem& files,
                                                   Workers& workers) {
  auto state = std::make_unique<State>(std::move(path), registry, files);
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
