export default {
  define: { 'process.env': {}, global: 'globalThis' },
  build: { target: 'es2022', sourcemap: false, commonjsOptions: { transformMixedEsModules: true } },
  esbuild: { jsx: 'automatic' },
};
