// Live progress of several concurrent jobs: redrawn in place on a terminal, plain lines elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

namespace ito::report {

struct ProgressOptions {
  std::optional<bool> terminal = {};   // default: whether the stream is cout/cerr on a terminal
  std::optional<int> columns = {};     // default: the terminal's width
  double redraw_seconds = 0.1;         // terminal: at most one redraw in this time
  double line_seconds = 3;             // plain: at most one line a job in this time, ...
  double line_fraction = 0.1;          // ... and only after this share of the work, ...
  double silence_seconds = 20;         // ... or after this long without one
  std::function<double()> clock = {};  // seconds; default: steady_clock
};

// Thread-safe. The stream must outlive it and not be written to by others while jobs run.
class Progress {
 public:
  explicit Progress(std::ostream& stream, ProgressOptions options = {});
  ~Progress();  // leaves the last state of every job on the screen
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  struct Board;

  // A handle, to be used by one thread at a time; may outlive the Progress.
  class Job {
   public:
    // `step` of the total are done. Cheap: call it at every step. A NaN loss is not shown.
    void update(std::int64_t step, double loss);
    void update(std::int64_t step);
    // The last line of this job: its total time and the note. Later calls do nothing.
    void finish(const std::string& note = "");

   private:
    friend class Progress;
    Job(std::shared_ptr<Board> board, std::size_t index)
        : board_(std::move(board)), index_(index) {}
    std::shared_ptr<Board> board_;
    std::size_t index_;
  };

  // Speed and ETA count from the job's first update, so a job may wait for its turn. Where there
  // are more jobs than kListed, those that wait are not shown one by one; a line tells how far all
  // of them are. `step_cost` compares the jobs' steps, for its ETA; `unit` is what steps are
  // called.
  Job add(std::string label, std::int64_t total, double step_cost = 1, std::string unit = "steps");
  static constexpr std::size_t kListed = 12;

 private:
  std::shared_ptr<Board> board_;
};

}  // namespace ito::report
