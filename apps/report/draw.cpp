#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "apps/report/figure.h"
#include "apps/report/files.h"
#include "apps/report/gnuplot_script.h"
#include "apps/report/process.h"
#include "apps/report/svg.h"
#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {
namespace {

// Runs gnuplot on one script; the pictures appear whole. Returns what went wrong, if anything.
std::string render(const std::filesystem::path& gnuplot, const std::filesystem::path& dir,
                   DrawnFigure& figure) {
  const auto svg = dir / (figure.name + ".svg"), png = dir / (figure.name + ".png");
  TempFile svg_file(svg), png_file(png);
  // The names are ours: letters, digits, '-', '_' and '.', so the quotes hold.
  const std::string outputs = "svg = '" + svg_file.path().filename().string() + "'; png = '" +
                              png_file.path().filename().string() + "'";
  // -d: the user's start-up files do not count.
  const ProcessResult run = run_program(gnuplot, {"-d", "-e", outputs, figure.name + ".gp"}, dir);
  if (run.status != 0) {
    std::string reason = run.output.empty() ? "exit status " + std::to_string(run.status)
                                            : run.output.substr(run.output.find_first_not_of('\n'));
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    return truncate_to_width(reason, 160);
  }
  write_atomically(svg, compact_svg(read_file(svg_file.path())));
  png_file.commit();
  figure.svg = svg;
  figure.png = png;
  return "";
}

// Removes the figures that an earlier run left: those whose scripts are signed.
void remove_others(const std::vector<Figure>& figures, const std::filesystem::path& dir) {
  std::vector<std::string> others;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string name = entry.path().stem().string();
    const bool ours =
        std::any_of(figures.begin(), figures.end(), [&](auto& f) { return f.name == name; });
    if (ours || entry.path().extension() != ".gp" || !entry.is_regular_file()) continue;
    if (read_file(entry.path()).find('\n' + signature(name)) != std::string::npos) {
      others.push_back(name);
    }
  }
  for (const char* extension : {".gp", ".svg", ".png"}) {
    remove_left_over(dir, extension, others, {});
  }
  remove_left_over(dir / "data", ".dat", others, {});
}

// Calls work(i) for i < count on several threads; the first exception is thrown on.
template <class Work>
void run_side_by_side(std::size_t count, std::size_t threads, Work work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
  };
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < std::min(threads, count); ++i) helpers.emplace_back(loop);
  loop();
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

DrawResult draw(const std::vector<Figure>& figures, const std::filesystem::path& dir,
                const DrawOptions& options) {
  DrawResult result;
  ensure_writable_directory(dir / "data");
  for (const Figure& figure : figures) {
    const GnuplotScript compiled = compile(figure);
    DrawnFigure drawn{figure.name, figure.title, figure.caption, {}, {}, {}, {}};
    if (!compiled.note.empty()) drawn.caption += (drawn.caption.empty() ? "" : " ") + compiled.note;
    drawn.script = dir / (figure.name + ".gp");
    drawn.data = dir / "data" / (figure.name + ".dat");
    write_atomically(drawn.data, compiled.data);
    write_atomically(drawn.script, compiled.script);
    // Pictures of an earlier run would contradict the new data if drawing fails.
    for (const char* suffix : {".svg", ".png"}) {
      std::error_code ignored;
      std::filesystem::remove(dir / (figure.name + suffix), ignored);
    }
    result.figures.push_back(std::move(drawn));
  }
  remove_others(figures, dir);
  const std::string how = "to draw them: cd " + quote_shell(dir.string()) + " && gnuplot *.gp";
  const auto gnuplot = find_program(options.gnuplot);
  if (!gnuplot) {
    result.message = options.gnuplot + " not found: the figures' scripts and data are written; " +
                     "install gnuplot-nox, then " + how;
    return result;
  }
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const auto processes = static_cast<std::size_t>(
      options.processes > 0 ? static_cast<unsigned>(options.processes) : cores);
  std::vector<std::string> failures(figures.size());
  run_side_by_side(figures.size(), processes,
                   [&](std::size_t i) { failures[i] = render(*gnuplot, dir, result.figures[i]); });
  const auto failed = std::find_if(failures.begin(), failures.end(),
                                   [](const std::string& reason) { return !reason.empty(); });
  if (failed != failures.end()) {
    const auto index = static_cast<std::size_t>(failed - failures.begin());
    result.message = "gnuplot could not draw " + figures[index].name + " (" + *failed +
                     "); scripts and data are written; " + how;
  }
  return result;
}

}  // namespace ito::report
