/** What everything is made with is a file of its own: a browser runs it while the rest is still on its way. */
export { createPinia } from 'pinia';
export { createApp } from 'vue';
export { createI18n } from 'vue-i18n';
export { createRouter } from 'vue-router';
