/** The framework is a file of its own, so that the browser runs it while the rest is still loading. */
export { createPinia } from 'pinia';
export { createApp } from 'vue';
export { createI18n } from 'vue-i18n';
export { createRouter } from 'vue-router';
