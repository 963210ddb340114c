// One live series, drawn by uPlot as it comes. The newest value also stands beside it as text.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import uplot_css from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import { adopt_style } from '../style/adopt';
import { clock_time } from '../time';
import { format_value } from '../unit';

adopt_style(uplot_css);

const HEIGHT = 110;

export interface Course {
  times: number[]; // seconds
  values: number[];
}

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(unit: string, width: number): uPlot.Options {
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true } },
    series: [{}, { stroke: color('--chart'), width: 1.5, points: { show: false } }],
    axes: [
      { ...axis, size: 24, space: 90, values: (_, splits) => splits.map((second) => clock_time(second * 1_000)) },
      { ...axis, size: 68, values: (_, splits) => splits.map((value) => format_value(value, unit)) },
    ],
  };
}

export function LiveChart({ course, unit, label }: { course: Course; unit: string; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const made = new uPlot(options(unit, parent.clientWidth), [course.times, course.values], parent);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: HEIGHT }));
    watcher.observe(parent);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [unit]);
  useEffect(() => plot.current?.setData([course.times, course.values]), [course]);
  return <div ref={box} role="img" aria-label={label} />;
}
