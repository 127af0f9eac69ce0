// What Grafana does between the data source and the panel: transformations, overrides, display.
import {
  FieldType, getDisplayProcessor, getFieldDisplayName, standardTransformers,
  standardTransformersRegistry, transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

const { mergeTransformer, organizeFieldsTransformer, groupingToMatrixTransformer, sortByTransformer } = standardTransformers;
standardTransformersRegistry.setInit(() =>
  [mergeTransformer, organizeFieldsTransformer, groupingToMatrixTransformer, sortByTransformer].map((info) => ({
    id: info.id, name: info.id, transformation: () => Promise.resolve(info), editor: () => null,
  })),
);

function matches(override, field, frame, frames) {
  const name = getFieldDisplayName(field, frame, frames);
  const { id, options } = override.matcher;
  if (id === 'byName') return name === options;
  if (id === 'byType') return field.type === options;
  if (id === 'byRegexp') return new RegExp(options.replace(/^\/|\/$/g, '')).test(name);
  throw new Error(`no such matcher here: ${id}`);
}

function put(config, id, value) {
  if (id.startsWith('custom.')) config.custom = { ...config.custom, [id.slice('custom.'.length)]: value };
  else config[id] = value;
}

export async function prepared(panel, frames, theme, timeZone) {
  let out = frames;
  if (panel.transformations?.length && frames.length) {
    out = await lastValueFrom(transformDataFrame(panel.transformations, frames));
  }
  const { defaults = {}, overrides = [] } = panel.fieldConfig;
  let index = 0;
  for (const frame of out) {
    for (const field of frame.fields) {
      field.config = { ...defaults, ...field.config, custom: { ...defaults.custom } };
      field.state = { ...field.state, seriesIndex: field.type === FieldType.number ? index++ : 0, displayName: null };
    }
  }
  for (const frame of out) {
    for (const field of frame.fields) {
      for (const override of overrides) {
        if (matches(override, field, frame, out)) {
          for (const { id, value } of override.properties) put(field.config, id, value);
        }
      }
      field.state.displayName = null;
      if (field.type !== FieldType.number && !('unit' in field.config && field.config.mappings?.length)) delete field.config.unit;
      delete field.config.links;
      field.display = getDisplayProcessor({ field, theme, timeZone });
    }
  }
  return out;
}
