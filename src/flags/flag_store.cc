#include "flags/flag_store.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "journal/whole_file.h"

namespace sluice {

struct FlagStore::State {
  const std::string path;
  FlagRegistry& registry;
  FileSystem& files;
  std::string saved;
  bool failing = false;

  std::mutex mutex;
  std::condition_variable bell;
  bool stopping = false;  // guarded by mutex
  std::thread thread;

  void save() {
    std::string text = registry.text();
    if (text == saved) return;
    if (auto written = replace_whole(files, path, text); !written) {
      if (!failing) log_warn("flags.not_saved", {{"path", path}, {"reason", written.error().message}});
      failing = true;
      return;
    }
    failing = false;
    saved = std::move(text);
  }

  void run() {
    for (bool last = false; !last;) {
      {
        std::unique_lock lock(mutex);
        last = bell.wait_for(lock, std::chrono::milliseconds(kFlagStoreIntervalMs), [this] { return stopping; });
      }
      save();
    }
  }

  Result<void> load() {
    auto read = read_whole(files, path);
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

FlagStore::FlagStore(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([raw = state_.get()] { raw->run(); });
}

Result<std::unique_ptr<FlagStore>> FlagStore::open(std::string path, FlagRegistry& registry, FileSystem& files) {
  std::unique_ptr<State> state(new State{std::move(path), registry, files, {}, false, {}, {}, false, {}});
  if (auto loaded = state->load(); !loaded) return tl::unexpected(loaded.error());
  return std::unique_ptr<FlagStore>(new FlagStore(std::move(state)));
}

FlagStore::~FlagStore() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->bell.notify_one();
  state_->thread.join();
}

}  // namespace sluice
