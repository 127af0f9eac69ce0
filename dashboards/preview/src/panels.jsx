// One drawing for each kind of panel in use.
import { FieldType, VizOrientation, dateTime, getFieldDisplayName, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, BigValueColorMode, BigValueGraphMode, Table, TimeSeries } from '@grafana/ui';

function readings(panel, frames, theme, where, sparkline) {
  const reduceOptions = panel.options.reduceOptions;
  return getFieldDisplayValues({
    fieldConfig: { defaults: {}, overrides: [] }, reduceOptions, data: frames,
    replaceVariables: (text) => text, theme, timeZone: where.zone, sparkline,
  });
}

function Stat({ panel, frames, theme, where, width, height }) {
  const course = panel.options.graphMode === 'area';
  const values = readings(panel, frames, theme, where, course).slice(0, 6);
  const isTall = height > width;
  const wide = isTall ? width : Math.floor(width / values.length);
  const high = isTall ? Math.floor(height / values.length) : height;
  return (
    <div style={{ display: isTall ? 'block' : 'flex' }}>
      {values.map((one, i) => (
        <BigValue key={i} width={wide} height={high} theme={theme} colorMode={BigValueColorMode.Value}
          graphMode={course ? BigValueGraphMode.Area : BigValueGraphMode.None} sparkline={one.sparkline}
          value={{ ...one.display, title: values.length > 1 ? one.display.title : undefined }} />
      ))}
    </div>
  );
}

function Lines({ panel, frames, where, width, height }) {
  const range = {
    from: dateTime(where.from * 1000), to: dateTime(where.to * 1000), raw: { from: 'now-1h', to: 'now' },
  };
  return (
    <TimeSeries frames={frames} timeRange={range} timeZone={where.zone} width={width} height={height}
      legend={panel.options.legend} structureRev={1}>{() => null}</TimeSeries>
  );
}

function Bars({ panel, frames, theme, where, width, height }) {
  const values = readings(panel, frames, theme, where, false);
  const largest = Math.max(...values.map((one) => one.display.numeric));
  const each = Math.min(32, Math.floor(height / values.length));
  const longest = Math.max(...values.map((one) => (one.display.title ?? '').length));
  const alignmentFactors = { title: 'x'.repeat(longest), text: '000.0', suffix: ' kW' };
  return values.map((one, i) => (
    <BarGauge key={i} width={width} height={each} theme={theme} value={one.display} display={one.view?.getFieldDisplayProcessor(one.colIndex)}
      field={{ ...one.field, min: 0, max: panel.fieldConfig.defaults.max ?? largest }} itemSpacing={6} lcdCellWidth={12}
      orientation={VizOrientation.Horizontal} displayMode="basic" showUnfilled alignmentFactors={alignmentFactors} />
  ));
}

function Rows({ panel, frames, width, height }) {
  return <Table data={frames[0]} width={width} height={height} initialSortBy={panel.options.sortBy} />;
}

// Grafana keeps its state timeline to itself; this is a sketch of it.
function Timeline({ frames, where, width, height }) {
  const fields = frames.map((frame) => [frame, frame.fields.find((field) => field.type === FieldType.number)]);
  const left = 230;
  const tall = Math.min(24, Math.floor(height / fields.length));
  const at = (time) => left + ((time / 1000 - where.from) / (where.to - where.from)) * (width - left);
  return (
    <svg width={width} height={height}>
      {fields.map(([frame, field], row) => (
        <g key={row} transform={`translate(0 ${row * tall})`}>
          <text x={0} y={tall * 0.7} fill="#ccccdc" fontSize={11}>{getFieldDisplayName(field, frame, frames)}</text>
          {frame.fields[0].values.map((time, i) =>
            field.values[i] == null ? null : (
              <rect key={i} x={at(time)} y={1} height={tall - 3} fill={field.display(field.values[i]).color}
                width={Math.max(1, at(time + where.step * 1000) - at(time))} />
            ),
          )}
        </g>
      ))}
    </svg>
  );
}

const KINDS = { stat: Stat, timeseries: Lines, bargauge: Bars, table: Rows, 'state-timeline': Timeline };

export function Body(props) {
  const Kind = KINDS[props.panel.type];
  const isEmpty = !props.frames.length || props.frames.every((frame) => !frame.length);
  const empty = props.panel.fieldConfig.defaults.noValue ?? 'No data';
  if (props.error) return <pre style={{ whiteSpace: 'pre-wrap', color: '#ff7383' }}>{props.error}</pre>;
  if (isEmpty) return <div style={{ textAlign: 'center', paddingTop: props.height / 2 - 20, opacity: 0.6 }}>{empty}</div>;
  if (!Kind) return <div>no drawing for {props.panel.type}</div>;
  return <Kind {...props} />;
}
