/** The components of the first pages, in a file of their own for the same reason as framework.ts. */
export { default as UButton } from '@nuxt/ui/components/Button.vue';
export { default as UInput } from '@nuxt/ui/components/Input.vue';
