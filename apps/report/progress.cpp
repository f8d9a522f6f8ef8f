#include "apps/report/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <mutex>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "apps/report/text.h"

namespace ito::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct JobState {
  std::string label, unit;
  std::int64_t total = 0, step = 0;
  double step_cost = 1;
  double loss = kNaN;
  bool started = false, finished = false;
  std::int64_t first_step = 0;
  double first_time = 0;
  double last_line_time = 0;  // plain output
  std::int64_t last_line_step = 0;
};

int descriptor_of(const std::ostream& stream) {
  if (&stream == &std::cout) return STDOUT_FILENO;
  if (&stream == &std::cerr || &stream == &std::clog) return STDERR_FILENO;
  return -1;
}

std::string padded(const std::string& text, int width) {
  return text +
         std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
}

std::string bar(double fraction, int width) {
  const int filled = static_cast<int>(fraction * width);
  std::string out;
  for (int i = 0; i < width; ++i) out += i < filled ? "━" : "─";
  return out;
}

std::string rate_text(double rate, const std::string& unit) {
  char number[32];
  if (!std::isfinite(rate)) return "? " + unit + "/s";
  if (rate >= 100) return group_thousands(std::llround(rate)) + " " + unit + "/s";
  std::snprintf(number, sizeof number, "%.3g ", rate);
  return number + unit + "/s";
}

std::string loss_text(double loss) {
  if (std::isnan(loss)) return "";
  char text[32];
  std::snprintf(text, sizeof text, "  loss %.4g", loss);
  return text;
}

}  // namespace

struct Progress::Board {
  Board(std::ostream& out, ProgressOptions given) : stream(out), options(std::move(given)) {
    if (!options.clock)
      options.clock = [] {
        using namespace std::chrono;
        return duration<double>(steady_clock::now().time_since_epoch()).count();
      };
    const int descriptor = descriptor_of(stream);
    terminal = options.terminal.value_or(descriptor >= 0 && ::isatty(descriptor) == 1);
  }

  std::ostream& stream;
  ProgressOptions options;
  bool terminal = false;
  bool closed = false;
  std::mutex mutex;
  std::vector<JobState> jobs;
  int live_lines = 0;  // lines on the screen that the next redraw replaces
  double last_redraw = -std::numeric_limits<double>::infinity();

  int columns() const {
    if (options.columns) return *options.columns;
    winsize size = {};
    const int descriptor = descriptor_of(stream);
    if (descriptor >= 0 && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
      return size.ws_col;
    return 80;
  }

  static double rate(const JobState& job, double now) {
    const double elapsed = now - job.first_time;
    if (elapsed <= 0 || job.step <= job.first_step) return kNaN;
    return static_cast<double>(job.step - job.first_step) / elapsed;
  }

  std::string line(const JobState& job, double now, int bar_width) const {
    int label_width = 0;
    for (const JobState& j : jobs) label_width = std::max(label_width, display_width(j.label));
    std::string out = padded(job.label, label_width) + "  ";
    if (!job.started) return out + "waiting";
    const double fraction =
        job.total > 0
            ? std::clamp(static_cast<double>(job.step) / static_cast<double>(job.total), 0.0, 1.0)
            : 1.0;
    if (bar_width > 0) out += bar(fraction, bar_width) + " ";
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3d %%", static_cast<int>(fraction * 100));
    const double speed = rate(job, now);
    out += percent + ("  " + rate_text(speed, job.unit)) + loss_text(job.loss);
    return out + "  ETA " + format_duration(static_cast<double>(job.total - job.step) / speed);
  }

  std::string last_line(const JobState& job, double now, const std::string& note) const {
    int label_width = 0;
    for (const JobState& j : jobs) label_width = std::max(label_width, display_width(j.label));
    std::string out = padded(job.label, label_width) + "  ";
    if (job.started)
      out += counted(job.step, job.unit) + " in " + format_duration(now - job.first_time) + "  " +
             rate_text(rate(job, now), job.unit) + loss_text(job.loss);
    else
      out += "done";
    return note.empty() ? out : out + "  " + note;
  }

  bool many() const { return jobs.size() > kListed; }

  // How far all jobs are, by their cost. What a resumed job had done before counts as done, but
  // not for the speed.
  std::string overall(double now) const {
    std::size_t finished = 0;
    double first_time = now, cost = 0, done = 0, here = 0;
    for (const JobState& job : jobs) {
      finished += job.finished;
      cost += job.step_cost * static_cast<double>(job.total);
      // A finished job is done, however far it told.
      done += job.step_cost * static_cast<double>(job.finished ? job.total : job.step);
      if (!job.started) continue;
      first_time = std::min(first_time, job.first_time);
      here += job.step_cost * static_cast<double>(job.step - job.first_step);
    }
    const double speed = here / (now - first_time);  // 0/0 at first: no ETA yet
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3d %%",
                  static_cast<int>(cost > 0 ? 100 * done / cost : 0));
    return "all: " + std::to_string(finished) + " of " + std::to_string(jobs.size()) + " done, " +
           percent + "  ETA " + format_duration((cost - done) / speed);
  }

  // Writes `above` as permanent lines, then one live line a running job.
  void redraw(double now, const std::string& above) {
    std::string out;
    if (live_lines > 0) out = "\x1b[" + std::to_string(live_lines) + "A";
    out += "\r\x1b[J" + above;
    live_lines = 0;
    // One column stays free: some terminals wrap when the last one is written.
    const int width = columns() - 1;
    const int bar_width = width >= 88 ? 24 : 0;
    for (const JobState& job : jobs) {
      if (job.finished || (many() && !job.started)) continue;
      out += truncate_to_width(line(job, now, bar_width), width) + "\n";
      ++live_lines;
    }
    if (many()) {
      out += truncate_to_width(overall(now), width) + "\n";
      ++live_lines;
    }
    stream << out << std::flush;
    last_redraw = now;
  }

  void update(std::size_t index, std::int64_t step, double loss) {
    const std::lock_guard lock(mutex);
    JobState& job = jobs[index];
    if (closed || job.finished) return;
    const double now = options.clock();
    job.step = step;
    job.loss = loss;
    if (!job.started) {
      job.started = true;
      job.first_step = job.last_line_step = step;
      job.first_time = job.last_line_time = now;
    }
    if (terminal) {
      if (now - last_redraw >= options.redraw_seconds) redraw(now, "");
      return;
    }
    const double since = now - job.last_line_time;
    const double advanced = static_cast<double>(step - job.last_line_step);
    const bool due = since >= options.line_seconds &&
                     advanced >= options.line_fraction * static_cast<double>(job.total);
    if (!due && since < options.silence_seconds) return;
    job.last_line_time = now;
    job.last_line_step = step;
    stream << line(job, now, 0) + "\n" << std::flush;
  }

  void print(const std::string& text) {
    if (terminal)
      redraw(options.clock(), text + "\n");
    else
      stream << text + "\n" << std::flush;
  }
};

Progress::Progress(std::ostream& stream, ProgressOptions options)
    : board_(std::make_shared<Board>(stream, std::move(options))) {}

Progress::~Progress() {
  const std::lock_guard lock(board_->mutex);
  if (board_->terminal && board_->live_lines > 0) board_->redraw(board_->options.clock(), "");
  board_->closed = true;
}

Progress::Job Progress::add(std::string label, std::int64_t total, double step_cost,
                            std::string unit) {
  const std::lock_guard lock(board_->mutex);
  JobState job;
  job.label = std::move(label);
  job.unit = std::move(unit);
  job.total = total;
  job.step_cost = step_cost;
  board_->jobs.push_back(std::move(job));
  return Job(board_, board_->jobs.size() - 1);
}

void Progress::Job::update(std::int64_t step, double loss) {
  board_->update(index_, step, loss);
}

void Progress::Job::update(std::int64_t step) {
  board_->update(index_, step, kNaN);
}

void Progress::Job::finish(const std::string& note) {
  const std::lock_guard lock(board_->mutex);
  JobState& job = board_->jobs[index_];
  if (board_->closed || job.finished) return;
  job.finished = true;
  const double now = board_->options.clock();
  std::string text = board_->last_line(job, now, note);
  if (board_->many() && !board_->terminal) text += "\n" + board_->overall(now);
  board_->print(text);
}

}  // namespace ito::report
