#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/report/figure.h"
#include "apps/report/files.h"
#include "apps/report/html.h"
#include "apps/report/process.h"
#include "apps/report/progress.h"
#include "apps/report/svg.h"
#include "apps/report/table.h"
#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {
namespace {

namespace fs = std::filesystem;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A directory of this test alone, removed at its end.
class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    std::string pattern = (fs::temp_directory_path() / "ito-report-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
  }
  ~ReportTest() override { fs::remove_all(dir_); }

  std::set<std::string> names(const fs::path& dir) const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(dir)) out.insert(entry.path().filename());
    return out;
  }

  fs::path dir_;
};
using FilesTest = ReportTest;
using DrawTest = ReportTest;

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++n;
  return n;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// --- histogram -----------------------------------------------------------------------------

TEST(Histogram, AccountsForEverySample) {
  // Edges 0, 0.5, 1: a sample on an inner edge belongs to the right, the last edge to the left.
  const std::vector<double> samples{0, 0.25, 0.5, 1, -0.1, 1.5, 2, kInf, kNaN, -kInf};
  const BinnedSamples bins = bin_samples(samples, 2, {0, 1});
  EXPECT_EQ(bins.counts, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(bins.below, 1);
  EXPECT_EQ(bins.above, 2);
  EXPECT_EQ(bins.not_finite, 3);
  EXPECT_EQ(bins.total, 10);
  EXPECT_DOUBLE_EQ(bins.density(0), 2 / (10 * 0.5));  // of all samples, not of those inside
  EXPECT_THROW(bin_samples(samples, 0, {0, 1}), Error);
  EXPECT_THROW(bin_samples(samples, 3, {1, 1}), Error);
}

// --- text, colours -------------------------------------------------------------------------

TEST(Text, EscapesHtmlAndJson) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&'\x01</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  const std::string awkward = "\"q\" \\ \n\t\x01 é";
  EXPECT_EQ(nlohmann::json::parse(quote_json(awkward)).get<std::string>(), awkward);
  EXPECT_EQ(json_number(kNaN), "null");
  EXPECT_EQ(std::strtod(json_number(0.1 + 0.2).c_str(), nullptr), 0.1 + 0.2);
}

TEST(Text, QuotesForTheShellAndKeepsToOneLine) {
  EXPECT_EQ(one_line("a\nb\tc\x1b[0m é"), "a\\nb\\tc\\x1b[0m é");
  EXPECT_EQ(quote_shell("out/run-1.5"), "out/run-1.5");
  // What the shell makes of the word is the oracle.
  for (const std::string word : {"a b'c", "$HOME `date` \"q\" \\", "two\nlines", "", "é*"}) {
    const ProcessResult echo =
        run_program("/bin/bash", {"-c", "printf %s " + quote_shell(word)}, "/");
    EXPECT_EQ(echo.output, word);
    EXPECT_EQ(quote_shell(word).find('\n'), std::string::npos);
  }
}

TEST(Text, MeasuresAndCutsUtf8) {
  EXPECT_EQ(display_width("W₁ = ‖a‖²"), 9);
  EXPECT_EQ(display_width("m\u0302"), 1);  // a combining hat
  EXPECT_EQ(display_width("漢字"), 4);
  EXPECT_EQ(display_width("\xff\xe2"), 2);  // malformed bytes do not read past the end
  EXPECT_EQ(truncate_to_width("‖a‖² is long", 5), "‖a‖²…");
  EXPECT_EQ(truncate_to_width("short", 5), "short");
}

TEST(Text, WritesNumbersForPeople) {
  EXPECT_EQ(group_thousands(-1234567), "-1,234,567");
  EXPECT_EQ(group_thousands(999), "999");
  EXPECT_EQ(counted(1, "steps"), "1 step");
  EXPECT_EQ(counted(2000, "steps"), "2,000 steps");
  EXPECT_EQ(scientific(1.23e8, 1), "1.2×10⁸");
  EXPECT_EQ(scientific(1e-12, 0), "10⁻¹²");
  EXPECT_EQ(format_duration(185), "3 min 05 s");
  EXPECT_EQ(format_duration(3725), "1 h 02 min");
  EXPECT_EQ(format_duration(kNaN), "?");
}

TEST(Color, MethodsKeepDistinctColors) {
  std::set<std::string> colors;
  for (const char* method :
       {"exact", "relu", "tanh", "mixture-relu", "mixture-tanh", "phase-tanh", "corrected"})
    colors.insert(hex(color_of(method)));
  EXPECT_EQ(colors.size(), 7u);
  EXPECT_EQ(color_of("corrected"), okabe_ito::kBlue);
  // An unknown name gets a colour that no method has.
  EXPECT_EQ(colors.count(hex(color_of("my-method"))), 0u);
  EXPECT_EQ(color_of("my-method"), color_of(std::string("my-") + "method"));
}

// --- files ---------------------------------------------------------------------------------

TEST_F(FilesTest, ReplacesAFileWhole) {
  write_atomically(dir_ / "a.txt", "old");
  write_atomically(dir_ / "a.txt", "new");
  EXPECT_EQ(read_file(dir_ / "a.txt"), "new");
  EXPECT_EQ(names(dir_), std::set<std::string>{"a.txt"});
}

// A process of the same number was killed, and its file has the next name.
TEST_F(FilesTest, PassesOverWhatAKilledProcessLeft) {
  const std::string name = TempFile(dir_ / "a.txt").path().string();
  const std::size_t end = name.rfind(".tmp"), begin = name.rfind('.', end - 1) + 1;
  const int used = std::stoi(name.substr(begin, end - begin));
  for (const int next : {used + 1, used + 2})
    std::ofstream(name.substr(0, begin) + std::to_string(next) + ".tmp") << "half";
  write_atomically(dir_ / "a.txt", "whole");
  EXPECT_EQ(read_file(dir_ / "a.txt"), "whole");
}

TEST_F(FilesTest, KeepsTheOldFileWhenTheDiskRefusesMore) {
  write_atomically(dir_ / "a.txt", "old");
  // A limit on the size of files stands for a full disk: write() fails half way, for root too.
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message =
      message_of([&] { write_atomically(dir_ / "a.txt", std::string(10000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find((dir_ / "a.txt").string()), message.npos) << message;
  EXPECT_NE(message.find("File too large"), message.npos) << message;
  EXPECT_EQ(message.find('\n'), message.npos);
  EXPECT_EQ(read_file(dir_ / "a.txt"), "old");
  EXPECT_EQ(names(dir_), std::set<std::string>{"a.txt"});
}

TEST_F(FilesTest, NamesPathAndReason) {
  write_atomically(dir_ / "file", "x");
  const std::string below = message_of([&] { write_atomically(dir_ / "file" / "b", "x"); });
  EXPECT_EQ(below, "cannot write " + (dir_ / "file" / "b").string() + ": Not a directory");
  // The rename fails last: a directory cannot be replaced by a file.
  fs::create_directory(dir_ / "sub");
  EXPECT_NE(message_of([&] { write_atomically(dir_ / "sub", "x"); }), "");
  EXPECT_EQ(names(dir_), (std::set<std::string>{"file", "sub"}));
  EXPECT_NE(message_of([&] { read_file(dir_ / "none"); }).find("No such file"), std::string::npos);
  EXPECT_NE(message_of([&] { read_file(dir_ / "a\nb"); }).find("a\\nb: No"), std::string::npos);
}

TEST_F(FilesTest, ProvesThatADirectoryIsWritable) {
  ensure_writable_directory(dir_ / "a" / "b");
  EXPECT_TRUE(names(dir_ / "a" / "b").empty());
  write_atomically(dir_ / "file", "x");
  EXPECT_NE(message_of([&] { ensure_writable_directory(dir_ / "file"); }), "");
  EXPECT_NE(message_of([&] { ensure_writable_directory(dir_ / "file" / "sub"); }), "");
  // Where no file can be created whoever asks.
  const std::string message = message_of([] { ensure_writable_directory("/proc/self"); });
  EXPECT_NE(message.find("cannot write into directory /proc/self: "), message.npos) << message;
}

TEST_F(FilesTest, AnInterruptLeavesNoTemporaryFile) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    install_interrupt_cleanup();
    TempFile a(dir_ / "a"), b(dir_ / "b");
    a.write("half");
    TempFile done(dir_ / "done");
    done.commit();
    std::raise(SIGTERM);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_EQ(names(dir_), std::set<std::string>{"done"});
}

TEST_F(FilesTest, ASeriesWithoutVisiblePointsKeepsItsPlaceInTheData) {
  Panel panel{.x_range = Range{0, 1}, .y_range = Range{0, 1}};
  panel.add(Points{.x = {5, 6}, .y = {5, 6}}).add(Points{.x = {0.5}, .y = {0.25}});
  Figure figure{.name = "two", .panels = {panel}};
  draw({figure}, dir_, {.gnuplot = "/nowhere/gnuplot"});
  const std::string data = read_file(dir_ / "data" / "two.dat");
  // Blocks are told apart by two empty lines; gnuplot skips one that holds comments alone.
  const std::string first = data.substr(0, data.find("\n\n\n"));
  EXPECT_NE(first.find("\nNaN NaN"), std::string::npos) << data;
}

// --- table ---------------------------------------------------------------------------------

Table example_table() {
  Table table{.caption = "A & B", .columns = {}, .rows = {}};
  table.columns = {{.title = "method"},
                   {.title = "W₁", .format = Format::fixed(3), .best = Best::lowest(), .key = "w1"},
                   {.title = "time", .unit = "s", .best = Best::nearest(10)}};
  table.add({"exact", 0.001, Cell()}, true);
  table.add({"relu <1>", Number{0.08, 0.01}, 9.0});
  table.add({"diverged", kNaN, 1.5e9});
  return table;
}

TEST(Table, MarksTheBestButNeverAReferenceOrNaN) {
  const auto best = best_cells(example_table());
  EXPECT_EQ(best[1], (std::vector<bool>{false, true, true}));
  EXPECT_EQ(best[0], std::vector<bool>(3, false));
  EXPECT_EQ(best[2], std::vector<bool>(3, false));
  EXPECT_THROW(example_table().add({"too few"}), Error);
}

TEST(Table, MarksTheBestOfEachGroup) {
  Table table{.columns = {{.title = "config"}, {.title = "W1", .best = Best::lowest()}},
              .grouped = true};
  table.add({"1", 3.0}).add({"1", 2.0}).add({"2", 5.0}).add({"2", 1.0}, true).add({"3", kNaN});
  const auto best = best_cells(table);
  EXPECT_EQ(best[1], (std::vector<bool>{false, true}));
  EXPECT_EQ(best[2], (std::vector<bool>{false, true}));
  for (const std::size_t other : {0u, 3u, 4u}) EXPECT_FALSE(best[other][1]) << other;
}

TEST(Table, AlignsInTheTerminal) {
  const auto lines = lines_of(to_text(example_table()));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "method               W₁   time (s)");
  EXPECT_EQ(lines[1], "────────  ──────────────  ─────────");
  EXPECT_EQ(lines[2], "exact             0.001          –");
  EXPECT_EQ(lines[3], "relu <1>  0.080 ± 0.010*      9.00*");
  EXPECT_EQ(lines[4], "diverged              –   1.50×10⁹");
}

TEST(Table, WritesAsManyDigitsAsWereAskedFor) {
  const Format four = Format::significant(4);
  EXPECT_EQ(to_string({1.0}, four), "1.000");
  EXPECT_EQ(to_string({0.99999}, four), "1.000");
  EXPECT_EQ(to_string({-99.996}, four), "-100.0");
  EXPECT_EQ(to_string({0.99994}, four), "0.9999");
  EXPECT_EQ(to_string({0.00123456}, four), "0.001235");
  EXPECT_EQ(to_string({99999.7}, Format::significant(3)), "100000");
  EXPECT_EQ(to_string({999.12341, 12.3}, Format::fixed(4)), "999.1234 ± 12.3000");
  EXPECT_EQ(to_string({9143.9923, 15829.7699}, Format::fixed(4)), "9.1×10³ ± 1.6×10⁴");
  EXPECT_EQ(to_string({10645.31}, Format::fixed(2)), "10645.31");
}

TEST(Table, SpeaksHtmlAndJson) {
  const std::string html = to_html(example_table());
  EXPECT_NE(html.find("A &amp; B"), html.npos);
  EXPECT_NE(html.find("relu &lt;1&gt;"), html.npos);
  EXPECT_EQ(count(html, " best\""), 2u);
  EXPECT_EQ(count(html, "data-value"), 4u);  // not the empty cell, not the NaN
  const auto json = nlohmann::json::parse(to_json(example_table()));
  EXPECT_EQ(json[1]["method"], "relu <1>");
  EXPECT_EQ(json[1]["w1"], 0.08);
  EXPECT_EQ(json[1]["w1_se"], 0.01);
  EXPECT_TRUE(json[0]["time"].is_null());
  EXPECT_TRUE(json[2]["w1"].is_null());
}

// --- progress ------------------------------------------------------------------------------

struct FakeClock {
  double now = 0;
  ProgressOptions options(bool terminal, int columns = 100) {
    ProgressOptions o;
    o.terminal = terminal;
    o.columns = columns;
    o.clock = [this] { return now; };
    return o;
  }
};

TEST(Progress, WritesFewPlainLines) {
  std::ostringstream out;
  FakeClock clock;
  Progress progress(out, clock.options(false));
  auto job = progress.add("tanh", 1000);
  // 10 s for 1000 steps: a tenth of the work takes 1 s, so the 3 s rule decides.
  for (int step = 0; step <= 1000; ++step, clock.now += 0.01) job.update(step, 0.5);
  job.finish("saved");
  job.finish("twice");
  const auto lines = lines_of(out.str());
  ASSERT_EQ(lines.size(), 4u) << out.str();
  EXPECT_EQ(lines[0].find('\x1b'), std::string::npos);
  EXPECT_EQ(lines[0], "tanh   30 %  100 steps/s  loss 0.5  ETA 7.0 s");
  EXPECT_EQ(lines[3], "tanh  1,000 steps in 10 s  99.9 steps/s  loss 0.5  saved");
}

TEST(Progress, NamesTheUnitOfAJob) {
  std::ostringstream out;
  FakeClock clock;
  Progress progress(out, clock.options(false));
  auto job = progress.add("sampling", 6, 1, "runs");
  for (int run = 0; run <= 6; ++run, clock.now += 4) job.update(run);
  job.finish();
  const auto lines = lines_of(out.str());
  ASSERT_EQ(lines.size(), 7u) << out.str();
  EXPECT_EQ(lines[0], "sampling   16 %  0.25 runs/s  ETA 20 s");
  EXPECT_EQ(lines[6], "sampling  6 runs in 28 s  0.214 runs/s");
}

TEST(Progress, RedrawsOneLineAJobOnATerminal) {
  std::ostringstream out;
  FakeClock clock;
  {
    Progress progress(out, clock.options(true, 40));
    auto a = progress.add("a", 1000), b = progress.add("long label", 1000);
    for (int step = 1; step <= 100; ++step, clock.now += 0.01) {
      a.update(step, kNaN);
      b.update(step, 0.123456789);
    }
    // 200 updates in 1 s at no more than 10 redraws a second.
    EXPECT_LE(count(out.str(), "\x1b[J"), 11u);
    EXPECT_GE(count(out.str(), "\x1b[J"), 9u);
    EXPECT_EQ(out.str().find("nan"), std::string::npos);
    for (const std::string& line : lines_of(out.str())) {
      const std::string visible = std::regex_replace(line, std::regex("\x1b\\[[0-9]*[AJ]|\r"), "");
      EXPECT_LT(display_width(visible), 40) << visible;
    }
    a.finish("done");
  }
  const std::string text = out.str();
  EXPECT_EQ(count(text, "done"), 1u);
  EXPECT_EQ(text.back(), '\n');
}

TEST(Progress, ManyJobsGetOneLineForAllOfThem) {
  std::ostringstream out;
  FakeClock clock;
  Progress progress(out, clock.options(true));
  std::vector<Progress::Job> jobs;
  for (int k = 0; k < 100; ++k) jobs.push_back(progress.add("job", 100, k == 0 ? 100 : 1));
  // The first costs as much as the 99 others together, near enough: after half its steps a quarter
  // of all is done.
  for (int step = 0; step <= 51; ++step, clock.now += 0.1) jobs[0].update(step, kNaN);
  const std::string last = lines_of(out.str()).back();
  EXPECT_NE(last.find("all: 0 of 100 done,  25 %"), std::string::npos) << last;
  EXPECT_EQ(out.str().find("waiting"), std::string::npos);
}

TEST(Progress, WhatIsFinishedIsDone) {
  std::ostringstream out;
  FakeClock clock;
  Progress progress(out, clock.options(false));
  std::vector<Progress::Job> jobs;
  for (int k = 0; k < 20; ++k) jobs.push_back(progress.add("job", 100));
  jobs[0].update(0);
  clock.now = 1;
  jobs[0].update(50);
  for (Progress::Job& job : jobs) job.finish();  // the others without an update
  const std::string last = lines_of(out.str()).back();
  EXPECT_EQ(last, "all: 20 of 20 done, 100 %  ETA 0.0 s");
}

TEST(Progress, TakesUpdatesFromManyThreads) {
  std::ostringstream out;
  std::optional<Progress::Job> survivor;
  {
    ProgressOptions options;
    options.terminal = true;
    options.redraw_seconds = 0;
    Progress progress(out, options);
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k)
      threads.emplace_back([&progress, k] {
        auto job = progress.add(std::to_string(k), 200);
        for (int step = 1; step <= 200; ++step) job.update(step, 1.0);
        job.finish("finished");
      });
    for (std::thread& thread : threads) thread.join();
    survivor = progress.add("late", 1);
  }
  survivor->update(1);  // after the Progress: harmless
  EXPECT_EQ(count(out.str(), "finished"), 4u);
}

// --- HTML ----------------------------------------------------------------------------------

TEST(Html, MarkupIsSmallAndSafe) {
  EXPECT_EQ(inline_markup("`a<b` **bold** *em* 2 * 3 * 4"),
            "<code>a&lt;b</code> <strong>bold</strong> <em>em</em> 2 * 3 * 4");
  EXPECT_EQ(inline_markup("[x](https://a.b/?q=1&r=\"2)"),
            "<a href=\"https://a.b/?q=1&amp;r=&quot;2\">x</a>");
  EXPECT_EQ(inline_markup("[x](javascript:alert(1))").find("<a"), std::string::npos);
  EXPECT_EQ(inline_markup("<script>").find('<'), std::string::npos);
}

constexpr const char* kSvg = R"svg(<?xml version="1.0"?>
<svg width="9" height="9" xmlns="http://www.w3.org/2000/svg" onload="x">
<defs><circle id='dot' r='1'/><clipPath id="clip"><rect/></clipPath></defs>
<script>alert(1)</script>
<title>Gnuplot</title><desc>Produced by GNUPLOT</desc>
<g id="gnuplot_plot_1" clip-path="url(#clip)"><use xlink:href='#dot'/></g>
</svg>)svg";

TEST(Html, IdsOfInlinePicturesNeverCollide) {
  const std::string page = inline_svg(kSvg, "f1-", "a \"b\"") + inline_svg(kSvg, "f2-", "c");
  std::set<std::string> ids;
  std::size_t found = 0;
  const std::regex id(" id=['\"]([^'\"]+)"), use("(?:url\\(#|href=['\"]#)([^'\")]+)");
  for (std::sregex_iterator i(page.begin(), page.end(), id), end; i != end; ++i, ++found)
    ids.insert((*i)[1]);
  EXPECT_EQ(found, 6u);
  EXPECT_EQ(ids.size(), 6u);
  found = 0;
  for (std::sregex_iterator i(page.begin(), page.end(), use), end; i != end; ++i, ++found)
    EXPECT_EQ(ids.count((*i)[1]), 1u) << (*i)[1];
  EXPECT_EQ(found, 4u);
  EXPECT_EQ(page.find("<?xml"), page.npos);
  for (const char* dropped : {"<script", "alert", "<title", "Gnuplot", "<desc", "GNUPLOT"})
    EXPECT_EQ(page.find(dropped), page.npos) << dropped;
  EXPECT_NE(page.find("aria-label=\"a &quot;b&quot;\""), page.npos);
  EXPECT_THROW(inline_svg("<p>", "f", ""), Error);
}

TEST(Html, WhatScrollsHasAName) {
  Page page("Title");
  page.table(example_table());
  EXPECT_NE(page.str().find("tabindex=\"0\" role=\"region\" aria-label=\"Table 1\">"),
            std::string::npos);
  EXPECT_EQ(count(page.str(), "tabindex"), 1u);  // a button needs none
}

TEST(Html, CompactSvgKeepsEveryDot) {
  std::string svg = "<svg>\n<g fill=\"none\">\n</g>\n";
  for (int i = 0; i < 100; ++i)
    svg += "\t<use xlink:href='#gpPt6' transform='translate(" + std::to_string(i) +
           ".00,2.50) scale(1.50)' color='red' opacity='0.40'/>\n";
  const std::string few =
      "\t<use xlink:href='#gpPt6' transform='translate(1,2) scale(9)' "
      "color='red'/>\n";
  const std::string compact = compact_svg(svg + few + "</svg>\n");
  EXPECT_LT(compact.size(), svg.size() / 2);
  EXPECT_EQ(compact.find("<g fill"), compact.npos);
  EXPECT_NE(compact.find(few), compact.npos);  // a lone point is left alone
  for (int i = 0; i < 100; ++i) {
    std::ostringstream dot;
    dot << 'M' << i << ".0,2.5h0";
    EXPECT_EQ(count(compact, dot.str()), 1u) << i;
  }
  EXPECT_NE(compact.find("stroke-width='3.00'"), compact.npos);  // the diameter
  EXPECT_NE(compact.find("stroke-opacity='0.40'"), compact.npos);
}

// --- figures -------------------------------------------------------------------------------

Figure example_figure(const std::string& name) {
  Panel panel{.title = "it's `date` \"$HOME\"", .x_label = "u", .y_label = "density"};
  Histogram histogram{.label = "samples", .samples = {0.1, 0.2, 5, 6, -7, kNaN}, .bins = 4};
  histogram.range = {0, 1};
  panel.add(histogram).add(Line{.label = "law", .x = {0, 1}, .y = {1, 1}});
  Panel scatter{.title = "scatter", .x_label = "x", .y_label = "y", .x_range = Range{0, 1}};
  Points points{.label = "points"};
  for (int i = 0; i < 5000; ++i) {
    points.x.push_back(i < 3 ? 9 : i / 5000.0);
    points.y.push_back(std::sin(i));
  }
  scatter.add(points);
  Panel bars{.title = "bars", .x_label = "KL (nats)", .log_x = true, .categories = {"a", "b"}};
  bars.add(Bars{.label = "network", .values = {3, 0}, .error = {1, 0}});
  Figure figure{.name = name, .title = "Title", .caption = "Caption."};
  figure.panels = {panel, scatter, bars};
  figure.columns = 2;
  return figure;
}

TEST_F(DrawTest, WithoutGnuplotWritesScriptsDataAndOneLine) {
  const std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
  setenv("PATH", "", 1);
  const DrawResult result = draw({example_figure("one")}, dir_ / "figures");
  setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(result.complete());
  EXPECT_EQ(result.message.find('\n'), std::string::npos);
  EXPECT_NE(result.message.find("&& gnuplot *.gp"), std::string::npos) << result.message;
  EXPECT_EQ(names(dir_ / "figures"), (std::set<std::string>{"data", "one.gp"}));
  EXPECT_TRUE(result.figures[0].svg.empty());
  Page page("Title <1>");
  page.section("S").figure(result.figures[0]);
  EXPECT_NE(page.str().find("class=\"missing\""), std::string::npos);
  EXPECT_NE(page.str().find("gnuplot one.gp"), std::string::npos);
  EXPECT_NE(page.str().find("<title>Title &lt;1&gt;</title>"), std::string::npos);
}

TEST_F(DrawTest, TheAdviceCanBePastedIntoAShell) {
  const DrawResult result = draw({example_figure("one")}, dir_ / "a b'c", {.gnuplot = "nowhere"});
  const std::string cd = "cd " + quote_shell((dir_ / "a b'c").string()) + " && gnuplot ";
  EXPECT_NE(result.message.find(cd + "*.gp"), std::string::npos) << result.message;
  EXPECT_NE(Page("").figure(result.figures[0]).str().find("<code>" + escape_html(cd) + "one.gp"),
            std::string::npos);
}

TEST_F(DrawTest, AFailingGnuplotLeavesScriptsAndData) {
  const DrawResult result = draw({example_figure("one")}, dir_, {.gnuplot = "/bin/false"});
  EXPECT_NE(result.message.find("could not draw one (exit status 1)"), std::string::npos)
      << result.message;
  EXPECT_EQ(names(dir_), (std::set<std::string>{"data", "one.gp"}));
}

TEST_F(DrawTest, ScriptsSayWhatIsNotDrawn) {
  const DrawResult result = draw({example_figure("one")}, dir_, {.gnuplot = "/bin/false"});
  const std::string script = read_file(dir_ / "one.gp"), data = read_file(dir_ / "data/one.dat");
  EXPECT_NE(script.find("'2 beyond →, 1 not finite'"), script.npos);
  EXPECT_NE(script.find("'← 1 beyond'"), script.npos);
  EXPECT_NE(script.find("'3 outside the axes'"), script.npos);
  // Nothing of gnuplot's own is interpreted in our text.
  EXPECT_NE(script.find("'it''s `date` \"$HOME\"'"), script.npos);
  // 2 of 6 samples in the bin [0, 0.25): a density of 2/6/0.25.
  EXPECT_NE(data.find("\n0 1.333333\n0.25 1.333333\n"), data.npos);
  EXPECT_EQ(result.figures[0].caption,
            "Caption. At most 2,000 of 4,997 points of a scatter are drawn.");
}

TEST_F(DrawTest, RefusesInconsistentFigures) {
  Figure figure = example_figure("../escape");
  EXPECT_THROW(draw({figure}, dir_), Error);
  figure.name = "a";
  figure.panels[0].add(Line{.x = {1}, .y = {}});
  EXPECT_NE(message_of([&] { draw({figure}, dir_); }).find("a panel 1: line has 1 x and 0 y"),
            std::string::npos);
  EXPECT_THROW(draw({Figure{.name = "empty"}}, dir_), Error);
}

TEST_F(DrawTest, DrawsWithGnuplot) {
  if (!find_program("gnuplot")) GTEST_SKIP() << "gnuplot is not installed";
  const DrawResult result = draw({example_figure("one"), example_figure("two")}, dir_);
  ASSERT_TRUE(result.complete()) << result.message;
  EXPECT_EQ(names(dir_), (std::set<std::string>{"data", "one.gp", "one.png", "one.svg", "two.gp",
                                                "two.png", "two.svg"}));
  const std::string svg = read_file(result.figures[0].svg);
  EXPECT_NE(svg.find("2 beyond →"), svg.npos);
  EXPECT_NE(svg.find("it's `date`"), svg.npos);
  EXPECT_EQ(read_file(result.figures[0].png).substr(1, 3), "PNG");
  // The script draws the same by itself, as `message` promises when gnuplot is missing.
  fs::remove(dir_ / "one.svg");
  const ProcessResult run = run_program(*find_program("gnuplot"), {"one.gp"}, dir_);
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(run.output, "");
  EXPECT_TRUE(fs::exists(dir_ / "one.svg"));
}

TEST_F(DrawTest, WhatTheUserSetForGnuplotDoesNotCount) {
  if (!find_program("gnuplot")) GTEST_SKIP() << "gnuplot is not installed";
  const auto value_of = [](const char* name) {
    const char* value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  const auto restore = [](const char* name, const std::optional<std::string>& value) {
    value ? setenv(name, value->c_str(), 1) : unsetenv(name);
  };
  const auto home = value_of("HOME"), terminal = value_of("GNUTERM");
  write_atomically(dir_ / ".gnuplot", "this is no command\n");
  setenv("HOME", dir_.c_str(), 1);
  setenv("GNUTERM", "no-such-terminal", 1);
  const DrawResult result = draw({example_figure("one")}, dir_ / "figures");
  restore("HOME", home);
  restore("GNUTERM", terminal);
  EXPECT_TRUE(result.complete()) << result.message;
}

// gnuplot drops what it believes not to fit; the widths at which it does are the terminal's.
TEST_F(DrawTest, EveryLegendEntryIsInThePicture) {
  if (!find_program("gnuplot")) GTEST_SKIP() << "gnuplot is not installed";
  std::vector<std::string> labels;
  std::vector<Figure> figures;
  for (int length = 3; length <= 40; length += 3) {
    Figure figure{.name = "legend" + std::to_string(length), .columns = 2};
    for (int panel = 0; panel < 2; ++panel) {
      Panel one{.title = "t", .x_label = "x", .y_label = "y"};
      for (int k = 0; k < 5; ++k) {
        const std::string label =
            std::string(static_cast<std::size_t>(length), static_cast<char>('a' + panel)) +
            std::to_string(k);
        one.add(Line{.label = label, .x = {0, 1}, .y = {0, 1.0 * k}});
      }
      figure.panels.push_back(std::move(one));
    }
    figures.push_back(std::move(figure));
  }
  const DrawResult result = draw(figures, dir_);
  for (std::size_t f = 0; f < figures.size(); ++f) {
    const std::string svg = read_file(result.figures[f].svg);
    for (const Panel& panel : figures[f].panels) {
      for (const Series& series : panel.series) {
        const std::string& label = std::get<Line>(series).label;
        EXPECT_NE(svg.find("<text>" + label + "<"), std::string::npos) << label;
      }
    }
  }
}

}  // namespace
}  // namespace ito::report
