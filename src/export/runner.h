// One pipeline with its worker, its notifier and its dead letters, and what it has been doing lately.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "base/published.h"
#include "base/worker.h"
#include "export/dead_letter_file.h"
#include "export/export_status.h"
#include "export/pipeline.h"
#include "export/recent_rates.h"

namespace sluice::exporting {

class Runner {
 public:
  // Does nothing before start(). `history`: the destination's; null: one of its own. With `replay` it delivers that
  // range and then has nothing more to do. `notes`: shown for as long as it runs, beside the pipeline's. `syncs`: the
  // pipeline's.
  Runner(catalog::Destination destination, journal::Journal& journal, std::unique_ptr<journal::CursorFile> cursor_file,
         const Clock& clock, std::shared_ptr<DeadLetterFile> dead_letters, const SinkFactory& make_sink,
         Workers& workers, std::shared_ptr<SharedHistory> history = nullptr, std::optional<ReplayRange> replay = {},
         std::vector<Problem> notes = {}, CursorSyncs* syncs = nullptr);
  ~Runner();

  void start();  // any thread; nothing happens when it was started or stopped before
  void begin_stop();
  // The same; reads nothing any more when it returns. Waits for a step of the pipeline. stop() completes it. Any
  // thread.
  void fence();
  // The process is about to end: what the sink collects goes out now.
  void flush();
  bool is_stopping() const { return pipeline_.stop_asked(); }
  void stop();  // waits until it has; any thread

  const catalog::Destination& destination() const { return pipeline_.destination(); }
  // Any thread; waits for nothing. Never null.
  std::shared_ptr<const PipelineStatus> pipeline_status() const { return pipeline_.status(); }
  std::shared_ptr<const DestinationStatus> status() const { return status_.get(); }  // as of the last sample()
  // Nothing waits, or what waits cannot go out just now: a drain that began at `since_us` of the steady clock need not
  // wait for it. Waits for the pipeline's step.
  bool drained(std::int64_t since_us) const;
  // Once a second: samples the rates, and logs a change of state, once. refresh(): makes status() anew, between two
  // samples. One thread for both; neither waits for the pipeline.
  void sample();
  void refresh();
  // What it delivered in the end is in its history; after stop().
  void sample_last() { history_->sample(in_history_, *pipeline_.status(), clock_.wall_ms()); }

 private:
  // What the trend is computed from: one look a second.
  std::int64_t step();
  DestinationStatus make_status() const;
  void log_state(const DestinationStatus& now) const;

  journal::Journal& journal_;
  const Clock& clock_;
  Workers& workers_;
  Notifier notifier_;
  journal::EntrySignal signal_{notifier_};
  const std::shared_ptr<DeadLetterFile> dead_letters_;
  const bool live_;  // not a replay
  const std::vector<Problem> notes_;
  Pipeline pipeline_;
  std::mutex stop_mutex_;
  std::unique_ptr<Worker> worker_;  // guarded by stop_mutex_; null: not started yet, or stopped
  bool stopped_ = false;            // guarded by stop_mutex_

  const std::shared_ptr<SharedHistory> history_;
  std::uint64_t in_history_ = 0;  // what history_ calls this pipeline
  Published<DestinationStatus> status_;
  // Of sample()'s thread alone.
  RecentRates recent_;
  HistoryRates rates_;
  DestinationState state_ = DestinationState::idle;
  std::string problem_code_;
  Moment state_since_;
  // Where the cursor stands with events waiting behind it, and since when by the steady clock; 0: none waits.
  journal::Position stands_at_;
  std::int64_t stands_since_us_ = 0;
};

}  // namespace sluice::exporting
